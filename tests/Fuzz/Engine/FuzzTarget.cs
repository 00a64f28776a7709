using System.Runtime.CompilerServices;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.WebRtc;

namespace Dapr.Voice.Tests.Fuzz.Engine;

/// <summary>
/// Something that takes input from the network. It may keep state from input to input; then an input makes sense only behind those before
/// it.
/// </summary>
/// <param name="inputs">How many are given to it.</param>
/// <param name="maximumBytes">The longest input.</param>
internal abstract class FuzzTarget(string name, int inputs, int maximumBytes = 2048) : IDisposable
{
    private readonly SortedDictionary<string, long> _refused = new(StringComparer.Ordinal);

    public string Name { get; } = name;
    public int Inputs { get; } = inputs;
    public int MaximumBytes { get; } = maximumBytes;

    /// <summary>
    /// Inputs made before they are taken one after the other; 1 where making one needs to know what the one before has done.
    /// </summary>
    public virtual int Batch => 32;

    /// <summary>Inputs that went all the way.</summary>
    public long Accepted { get; protected set; }

    /// <summary>Reasons of the others.</summary>
    public IReadOnlyDictionary<string, long> Refused => _refused;

    /// <summary>Makes the next input in <paramref name="buffer"/> (<see cref="MaximumBytes"/>) and returns its length.</summary>
    public abstract int Make(Mutator mutator, Span<byte> buffer);

    /// <summary>Takes one input. Whatever it throws is a bug that was found.</summary>
    public abstract void Take(Span<byte> input);

    /// <summary>After the last input: asserts what must still work, and gathers the counters.</summary>
    public virtual void Finish() { }

    public virtual void Dispose() { }

    /// <summary>All that a session gave up.</summary>
    protected void RefuseDrops(PeerSession peer)
    {
        long[] totals = new long[Enum.GetValues<SessionDrop>().Length];
        PeerDropTable.Read(peer, totals);
        foreach (SessionDrop reason in Enum.GetValues<SessionDrop>())
        {
            if (totals[(int)reason] > 0) Refuse(reason.ToString(), totals[(int)reason]);
        }
    }

    protected void Refuse(string reason, long count = 1)
    {
        if (count > 0) _refused[reason] = _refused.GetValueOrDefault(reason) + count;
    }

    /// <summary>For what must hold whatever the input was.</summary>
    protected static void Require(bool condition, [CallerArgumentExpression(nameof(condition))] string claim = "")
    {
        if (!condition) throw new InvalidOperationException("Broken: " + claim);
    }
}
