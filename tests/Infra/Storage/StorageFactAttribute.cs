using Xunit;

namespace Dapr.Voice.Tests.Infra.Storage;

/// <summary>A test against the storage emulator; skipped with the reason where it can't be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class StorageFactAttribute : FactAttribute
{
    public StorageFactAttribute() => Skip = StorageEmulator.WhyNot;
}
