using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Failures;

/// <summary>The disk with logs and state is full for a while. Calls go on, no process ends, and the lost lines are counted.</summary>
[Collection(FailuresCollection.Name)]
public sealed class FullDiskTests(ITestOutputHelper output)
{
    [SmallDiskFact]
    public async Task Disk_FullAndFreeAgain_CostsLogLinesAndNothingElse()
    {
        await using var voice = new VoiceSystem();
        using var disk = SmallDisk.Mount(Path.Combine(voice.Home, ".voice"), kibibytes: 2048);
        await voice.UpAsync("--agent", "echo", "--transceivers", "1");
        string processes = Pids(voice);
        using RunningCommand staying = voice.Start("call", "--wav", Checkout.Question, "--json", "--agent", "echo", "--seconds", "20");
        await staying.ConnectedAsync();

        disk.Fill();
        // Each call has some lines in the logs, and the page that a file has begun takes the first of them.
        for (int i = 0; i < 2; i++)
            (await voice.RunAsync("load", "--calls", "16", "--seconds", "1", "--agent", "echo")).Succeeded();
        CommandResult doctor = await voice.RunAsync("doctor");
        Assert.Equal(1, doctor.Status);
        Assert.Contains("MISSING  " + Path.Combine(voice.Home, ".voice") + " can be written", doctor.Output, StringComparison.Ordinal);
        Assert.Equal(processes, Pids(voice));

        // A process that ends while the disk is full is started again, too.
        int signaling = voice.PidOf("signaling");
        RunningCommand.Signal(signaling, Native.LibC.SIGKILL);
        await voice.ReadyAsync("signaling");
        (await voice.CallAsync("--agent", "echo", "--seconds", "1")).Succeeded();

        disk.MakeRoom();
        await Wait.UntilAsync(() => voice.PidOf("signaling") != signaling, "run.json is written again");
        (await voice.CallAsync("--agent", "echo", "--seconds", "1")).Succeeded();
        await Wait.UntilAsync(() => Lost(voice) > 0, "run.json has the number of lost lines");
        Assert.Contains(" lines are missing here, because this file could not be written", voice.LogOf("transceiver-00"),
            StringComparison.Ordinal);
        Assert.Contains("log lines were written (lost: ", (await voice.RunAsync("doctor")).Succeeded().Output, StringComparison.Ordinal);
        JsonObject call = (await staying.EndAsync()).Succeeded().Json;
        output.WriteLine($"disk full during a call: longest gap {call["longestGapMs"]} ms, lost log lines {Lost(voice)}");
    }

    private static string Pids(VoiceSystem voice)
        => string.Join(' ', voice.ReadRunFile()["processes"]!.AsArray().Select(p => $"{p!["name"]}:{p["pid"]}")
            .Select(p => Directory.Exists("/proc/" + p[(p.IndexOf(':', StringComparison.Ordinal) + 1)..]) ? p : $"{p} ended"));

    private static long Lost(VoiceSystem voice)
        => voice.ReadRunFile()["processes"]!.AsArray().Sum(p => (long)p!["lostLogLines"]!);
}
