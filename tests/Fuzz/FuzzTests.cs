using System.Globalization;
using Dapr.Voice.Tests.Fuzz.Corpora;
using Dapr.Voice.Tests.Fuzz.Engine;
using Dapr.Voice.Tests.Fuzz.Targets;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Fuzz;

/// <summary>
/// Malformed input never takes a process down. <c>VOICE_FUZZ_SEED</c> changes the seed, <c>VOICE_FUZZ_TARGET</c> runs only targets whose name contains it.
/// </summary>
[Collection(OneAtATime.Name)]
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const ulong DefaultSeed = 20_260_804;
    private const long MaximumManagedGrowth = 64 << 20, MaximumResidentGrowth = 256 << 20;

    [Fact]
    public void EveryParserAndALiveSession_AMillionMutatedInputs_NothingIsThrownAndMemoryStaysBounded()
    {
        ulong seed = ulong.TryParse(Environment.GetEnvironmentVariable("VOICE_FUZZ_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out ulong given) ? given : DefaultSeed;
        string only = Environment.GetEnvironmentVariable("VOICE_FUZZ_TARGET") ?? "";
        var wire = WireCorpus.Record();
        var sctp = SctpCorpus.Record();
        var run = new FuzzRun(seed, output.WriteLine);
        run.WriteHeader();
        // One after the other: each is made when its turn comes.
        var targets = StunTargets.All(wire).Concat(MediaTargets.All(wire)).Concat(SctpTargets.All(sctp)).Concat(DtlsTargets.All(wire.Dtls))
            .Concat(SteeringTargets.All(wire)).Concat(SteeringTargets.Texts()).Concat(TextTargets.All()).Concat(SessionTargets.All(wire, sctp));
        foreach (var target in targets)
        {
            using (target)
            {
                if (target.Name.Contains(only, StringComparison.OrdinalIgnoreCase)) run.Run(target);
            }
        }
        run.WriteTotal();
        Assert.True(run.Failures.Count == 0, string.Join("\n\n", run.Failures));
        Assert.InRange(run.HeapGrowth, 0, MaximumManagedGrowth);
        Assert.InRange(run.ResidentGrowth, 0, MaximumResidentGrowth);
        if (only.Length == 0) Assert.InRange(run.Inputs, 1_000_000, long.MaxValue);
    }
}
