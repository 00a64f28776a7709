using System.Diagnostics;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Native;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Hosting;

/// <summary>A machine that lacks a native library: the exit code of docs/exit-codes.md, and one sentence that names the package.</summary>
public sealed class MissingLibraryTests
{
    [RootTheory]
    [InlineData("Relay", "libssl.so.3", "libssl3")]
    [InlineData("Signaling", "libcrypto.so.3", "libssl3")]
    [InlineData("Transceiver", "libssl.so.3", "libssl3")]
    [InlineData("Transceiver", "libcrypto.so.3", "libssl3")]
    [InlineData("LocalAgent", "libespeak-ng.so.1", "libespeak-ng1")]
    public async Task Start_WithoutALibrary_ExitsWithFailedAndNamesThePackage(string service, string library, string package)
    {
        string? path = Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu").Select(f => Path.Combine(f, library))
            .FirstOrDefault(File.Exists);
        // A library that is not installed needs no cover. In a mount namespace of its own, an empty file covers one that is.
        string cover = path is null ? "" : $"mount --bind /dev/null {path} && ";
        var start = new ProcessStartInfo("/usr/bin/unshare")
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        foreach (string argument in new[]
            { "--mount", "/bin/sh", "-c", $"{cover}exec \"$@\"", "sh", Environment.ProcessPath!, $"Dapr.Voice.{service}.dll" })
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == (int)ExitCode.Failed, $"{process.ExitCode}: {await output}{await errors}");
        Assert.Equal($"The native library {library} was not found. Install it with: apt-get install {package}", (await errors).Trim());
    }

    [Fact]
    public void Fail_OfALibraryMissedLater_IsAWrongMachine()
    {
        ServiceExit exit = NewExit();
        exit.Fail(new MissingNativeLibraryException(NativeLibraries.Opus, "libopus0"));
        Assert.Equal(ExitCode.Failed, exit.Reason!.Code);
        Assert.Contains("libopus0", exit.Reason.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fail_OfAnythingUnforeseen_IsOurFault()
    {
        ServiceExit exit = NewExit();
        exit.Fail(new InvalidOperationException("never"));
        Assert.Equal(ExitCode.Fault, exit.Reason!.Code);
    }

    private static ServiceExit NewExit()
        => new(new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance), NullLogger<ServiceExit>.Instance);
}

/// <summary>A test that takes something away from the machine for one process. Only root can do that.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RootTheoryAttribute : TheoryAttribute
{
    public RootTheoryAttribute() => Skip = Environment.UserName == "root" ? null : "needs root";
}
