using System.Globalization;
using Dapr.Voice.Tests.Fuzz.Corpora;
using Dapr.Voice.Tests.Fuzz.Engine;
using Dapr.Voice.Tests.Fuzz.Targets;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Fuzz;

/// <summary>
/// Malformed input never takes a process down. <c>VOICE_FUZZ_SEED</c> changes the seed, <c>VOICE_FUZZ_TARGET</c> runs only targets whose
/// name contains it,
/// <c>VOICE_FUZZ_SCALE</c> gives each so many times its inputs (10 for a long run).
/// </summary>
[Collection(OneAtATime.Name)]
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const ulong DefaultSeed = 20_260_804;
    private const long MaximumManagedGrowth = 64 << 20, MaximumResidentGrowth = 256 << 20;

    [Fact]
    public void EveryParserAndALiveSession_AMillionMutatedInputs_NothingIsThrownAndMemoryStaysBounded()
    {
        var wire = WireCorpus.Record();
        Corpus sctp = SctpCorpus.Record();
        Run(StunTargets.All(wire).Concat(MediaTargets.All(wire)).Concat(SctpTargets.All(sctp)).Concat(DtlsTargets.All(wire.Dtls))
            .Concat(SteeringTargets.All(wire)).Concat(SteeringTargets.Texts()).Concat(TextTargets.All())
            .Concat(SessionTargets.All(wire, sctp)));
    }

    [Fact]
    public void TcpFramings_AMillionMutatedInputs_NothingIsThrownAndMemoryStaysBounded()
    {
        var wire = WireCorpus.Record();
        Run(FramingTargets.All(wire).Concat(IngressTargets.All(wire)).Concat(LinkStreamTargets.All(wire)));
    }

    private void Run(IEnumerable<FuzzTarget> targets)
    {
        ulong seed = ulong.TryParse(Environment.GetEnvironmentVariable("VOICE_FUZZ_SEED"), NumberStyles.None, CultureInfo.InvariantCulture,
            out ulong given) ? given : DefaultSeed;
        string only = Environment.GetEnvironmentVariable("VOICE_FUZZ_TARGET") ?? "";
        double scale = double.TryParse(Environment.GetEnvironmentVariable("VOICE_FUZZ_SCALE"), CultureInfo.InvariantCulture,
            out double wanted) && wanted > 0 ? wanted : 1;
        var run = new FuzzRun(seed, output.WriteLine, scale);
        run.WriteHeader();
        // One after the other: each is made when its turn comes.
        foreach (FuzzTarget target in targets)
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
        if (only.Length == 0 && scale >= 1) Assert.InRange(run.Inputs, 1_000_000, long.MaxValue);
    }
}
