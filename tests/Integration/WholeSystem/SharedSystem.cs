namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>One running system for all tests that leave it as they found it.</summary>
public sealed class SharedSystem : IAsyncLifetime
{
    internal VoiceSystem Voice { get; } = new();

    public Task InitializeAsync() => Voice.UpAsync("--transceivers", "2");

    public Task DisposeAsync() => Voice.DisposeAsync().AsTask();
}

/// <summary>Whole systems run one after the other, and after everything else, because they need the machine's cores.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class WholeSystemCollection : ICollectionFixture<SharedSystem>, ICollectionFixture<PublishedFolder>
{
    public const string Name = "whole system";
}
