namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>What <c>./voice publish</c> makes. It is made once for the tests that need it, and only its owner can write to it.</summary>
public sealed class PublishedFolder : IAsyncLifetime
{
    private const UnixFileMode ForAll = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead
        | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly DirectoryInfo _parent = Directory.CreateTempSubdirectory("voice-published-");
    private Task? _publishing;

    /// <summary>The folder. It has content once <see cref="MakeAsync"/> has run.</summary>
    public string Path => System.IO.Path.Combine(_parent.FullName, "out");

    /// <summary>What the command printed.</summary>
    public string Said { get; private set; } = "";

    public Task InitializeAsync() => Task.CompletedTask;

    public Task MakeAsync() => _publishing ??= PublishAsync();

    public Task DisposeAsync()
    {
        _parent.Delete(recursive: true);
        return Task.CompletedTask;
    }

    private async Task PublishAsync()
    {
        _parent.UnixFileMode |= ForAll;
        await using var clone = new VoiceSystem();
        Said = (await clone.RunAsync("publish", Path)).Succeeded().Output.Trim();
        const UnixFileMode WritableForOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
        foreach (FileSystemInfo? entry in new DirectoryInfo(Path).EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
            .Append(new DirectoryInfo(Path))) entry.UnixFileMode &= ~WritableForOthers;
    }
}
