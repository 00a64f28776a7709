using Dapr.Voice.Tests.Fuzz.Engine;
using Dapr.Voice.Tests.Fuzz.Live;

namespace Dapr.Voice.Tests.Fuzz.Targets;

/// <summary>
/// Mutated streams over real connections. Each input goes to one of a few connections, in one piece or several with turns of the other end
/// between them; a connection carries several inputs, until one ends it.
/// </summary>
internal abstract class StreamTarget(string name, int inputs) : FuzzTarget(name, inputs, 4096)
{
    private const int Connections = 8, InputsPerTurn = 4;
    private readonly RawConnection?[] _connections = new RawConnection?[Connections];
    private ulong _way;
    private long _opened;

    public override int Batch => 1;

    /// <summary>Which connection the next input goes to.</summary>
    protected int Place { get; private set; }

    /// <summary>Inputs taken, which says how far the time of the target has come.</summary>
    protected int Taken { get; private set; }

    /// <summary>Some connection is there, as far as is known.</summary>
    protected bool HasOpen => Array.Exists(_connections, c => c is not null);

    public sealed override int Make(Mutator mutator, Span<byte> buffer)
    {
        Place = mutator.Next(Connections);
        _way = mutator.Next();
        if (_connections[Place] is { } used && ((_way & 7) == 0 || !used.IsOpen)) Close(Place);
        if (_connections[Place] is null && TryOpen(mutator) is { } opened)
        {
            _connections[Place] = opened;
            _opened++;
        }
        return MakeStream(mutator, buffer);
    }

    public sealed override void Take(Span<byte> input)
    {
        // Three of four go in one piece.
        int cuts = (_way >> 8 & 3) == 0 ? 1 + (int)(_way >> 10 & 1) : 0;
        for (; !input.IsEmpty; cuts--)
        {
            int length = cuts <= 0 ? input.Length : 1 + (int)((_way >> 16) % (ulong)input.Length);
            if (_connections[Place] is { } connection && !connection.Send(input[..length])) Close(Place);
            input = input[length..];
            if (!input.IsEmpty) Turn();
        }
        Taken++;
        if (Taken % InputsPerTurn == 0) Turn();
    }

    public override void Finish()
    {
        for (int i = 0; i < Connections; i++) Close(i);
        Refuse("(connections)", _opened);
    }

    public override void Dispose()
    {
        for (int i = 0; i < Connections; i++) Close(i);
    }

    /// <summary>Makes the connection at <see cref="Place"/>, with whatever is to be said first; null if there can be none now.</summary>
    protected abstract RawConnection? TryOpen(Mutator mutator);

    protected abstract int MakeStream(Mutator mutator, Span<byte> buffer);

    /// <summary>The other end takes what has come.</summary>
    protected abstract void Turn();

    private void Close(int place)
    {
        _connections[place]?.Dispose();
        _connections[place] = null;
    }
}
