using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Dapr.Voice.Tests.Fuzz.Engine;

/// <summary>Gives targets their inputs, times them, watches memory, keeps what is needed to repeat a failure.</summary>
/// <param name="scale">So many times the inputs that targets ask for; above 0.</param>
internal sealed class FuzzRun(ulong seed, Action<string> write, double scale = 1)
{
    private readonly Mutator _mutator = new();
    private readonly List<string> _failures = [];
    private readonly long _heapBefore = GC.GetTotalMemory(forceFullCollection: true);
    private readonly long _residentBefore = ResidentBytes();
    private long _heapPeak, _residentPeak;

    public long Inputs { get; private set; }
    public IReadOnlyList<string> Failures => _failures;

    /// <summary>The most that was alive after any target, its state included, above the start.</summary>
    public long HeapGrowth => Math.Max(0, _heapPeak - _heapBefore);

    /// <summary>The most that the process had in memory after any target, above the start.</summary>
    public long ResidentGrowth => Math.Max(0, _residentPeak - _residentBefore);

    public void WriteHeader() => write($"{"target",-34} {"inputs",9} {"accepted",9} {"refused",9} {"ns/input",9} {"held KiB",9}  reasons");

    public void Run(FuzzTarget target)
    {
        long heap = GC.GetTotalMemory(forceFullCollection: true);
        ulong ownSeed = seed ^ Hash(target.Name);
        byte[] inputs = new byte[target.Batch * target.MaximumBytes], copy = new byte[target.MaximumBytes];
        int[] lengths = new int[target.Batch];
        long ticks = 0;
        int taken = 0, copied = 0, wanted = (int)Math.Clamp(target.Inputs * scale, 1, int.MaxValue);
        try
        {
            while (taken < wanted)
            {
                int batch = Math.Min(target.Batch, wanted - taken);
                for (int i = 0; i < batch; i++)
                {
                    _mutator.Reseed(ownSeed, taken + i);
                    lengths[i] = target.Make(_mutator, inputs.AsSpan(i * target.MaximumBytes, target.MaximumBytes));
                }
                for (int i = 0; i < batch; i++)
                {
                    Span<byte> input = inputs.AsSpan(i * target.MaximumBytes, lengths[i]);
                    // Decryption works in place; a failure must show what came.
                    input.CopyTo(copy);
                    copied = lengths[i];
                    long start = Stopwatch.GetTimestamp();
                    target.Take(input);
                    ticks += Stopwatch.GetTimestamp() - start;
                    taken++;
                }
            }
            copied = 0;
            target.Finish();
        }
        catch (Exception e)
        {
            _failures.Add($"{target.Name}: input {taken} of seed {seed}, {copied} bytes: {Convert.ToHexString(copy, 0, copied)}\n{e}");
        }
        Inputs += taken;
        long heapAfter = GC.GetTotalMemory(forceFullCollection: true);
        _heapPeak = Math.Max(_heapPeak, heapAfter);
        _residentPeak = Math.Max(_residentPeak, ResidentBytes());
        double nanoseconds = taken == 0 ? 0 : ticks * (1e9 / Stopwatch.Frequency) / taken;
        var reasons = new StringBuilder();
        foreach ((string reason, long count) in target.Refused.OrderByDescending(r => r.Value)) reasons.Append(reasons.Length == 0 ? ""
            : ", ").Append(CultureInfo.InvariantCulture, $"{reason} {count}");
        write(string.Create(CultureInfo.InvariantCulture,
            $"{target.Name,-34} {taken,9:N0} {target.Accepted,9:N0} {taken - target.Accepted,9:N0} {nanoseconds,9:N0} "
            + $"{Math.Max(0, heapAfter - heap) / 1024,9:N0}  {reasons}"));
    }

    public void WriteTotal()
    {
        foreach (string failure in _failures) write("FAILED " + failure);
        write(string.Create(CultureInfo.InvariantCulture,
            $"{Inputs:N0} mutated inputs, {_failures.Count} unhandled exceptions, memory +{HeapGrowth / (1024.0 * 1024):0.0} MiB managed, "
            + $"+{ResidentGrowth / (1024.0 * 1024):0.0} MiB resident"));
    }

    private static long ResidentBytes()
    {
        using var self = Process.GetCurrentProcess();
        return self.WorkingSet64;
    }

    /// <summary>FNV-1a: a target keeps its inputs when others come or go.</summary>
    private static ulong Hash(string text)
    {
        ulong hash = 0xCBF2_9CE4_8422_2325;
        foreach (char c in text) hash = (hash ^ c) * 0x0000_0100_0000_01B3;
        return hash;
    }
}
