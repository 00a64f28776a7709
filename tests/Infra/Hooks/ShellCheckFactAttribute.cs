using Xunit;

namespace Dapr.Voice.Tests.Infra.Hooks;

/// <summary>A test that needs Debian's shellcheck; skipped with the reason where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ShellCheckFactAttribute : FactAttribute
{
    public ShellCheckFactAttribute()
        => Skip = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "shellcheck"))) ? null : "not installed: apt-get install shellcheck";
}
