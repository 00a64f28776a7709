using Dapr.Voice.TestKit.Speech;
using Dapr.Voice.Tests.Interop.Machine;
using Dapr.Voice.Tests.Interop.Stacks;
using Xunit;

namespace Dapr.Voice.Tests.Interop.Calls;

/// <summary>
/// One system, and every peer that this machine has. All peers have calls at the same time, because calls mostly wait. A test awaits the
/// report of its peer.
/// </summary>
public abstract class InteropRun : IAsyncLifetime
{
    private readonly Dictionary<string, Task<Report>> _reports = [];
    private readonly Turns _turns = new();
    private InteropSystem? _system;
    private Ears? _ears;

    /// <summary>Why this machine can run no peer, or null if it can.</summary>
    internal static string? WhyNot => NetworkNamespace.WhyNot ?? SpeechTools.Missing;

    internal InteropSystem System => _system ?? throw new InvalidOperationException("The system did not start.");

    internal Task<Report> ReportAsync(string stack) => _reports[stack];

    internal async Task<IReadOnlyList<Report>> ReportsAsync() => await Task.WhenAll(_reports.Values);

    private protected abstract Task CallAsync(Scenarios scenarios);

    public async Task InitializeAsync()
    {
        if (WhyNot is not null) return;
        InteropSystem system = _system = await InteropSystem.StartAsync();
        Ears ears = _ears = new Ears();
        var question = new Question(system);
        foreach (Stack stack in Stack.All.Where(stack => stack.WhyNot is null))
            _reports[stack.Name] = Task.Run(() => RunAsync(stack, system, question, ears));
    }

    public async Task DisposeAsync()
    {
        await Task.WhenAll(_reports.Values);
        _ears?.Dispose();
        _turns.Dispose();
        if (_system is not null) await _system.DisposeAsync();
    }

    private async Task<Report> RunAsync(Stack stack, InteropSystem system, Question question, Ears ears)
    {
        var report = new Report(stack);
        try
        {
            PeerProcess? started = null;
            await _turns.TakeAsync(async () => started = await PeerProcess.StartAsync(stack, system));
            await using PeerProcess peer = started!;
            report.Version = peer.Version;
            await CallAsync(new Scenarios(system, question, ears, _turns, peer, report));
        }
        catch (Exception failure)
        {
            report.Measured($"the peer failed: {failure.Message}");
        }
        return report;
    }
}

/// <summary>Calls of a minute.</summary>
public sealed class ShortRun : InteropRun
{
    private protected override Task CallAsync(Scenarios scenarios) => scenarios.ShortAsync();
}

/// <summary>Calls of ten minutes.</summary>
public sealed class LongRun : InteropRun
{
    private protected override Task CallAsync(Scenarios scenarios) => scenarios.LongAsync();
}
