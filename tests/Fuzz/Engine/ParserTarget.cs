using System.Runtime.CompilerServices;

namespace Dapr.Voice.Tests.Fuzz.Engine;

/// <summary>Reads one input and everything in it.</summary>
/// <returns>The default value if it was accepted, else why not.</returns>
internal delegate TReason Parse<out TReason>(Span<byte> input);

/// <summary>A parser without memory.</summary>
internal sealed class ParserTarget<TReason>(string name, int inputs, Corpus corpus, Parse<TReason> parse, int maximumBytes = 2048)
    : FuzzTarget(name, inputs, maximumBytes)
    where TReason : unmanaged, Enum
{
    private readonly long[] _counts = new long[256];

    public override int Make(Mutator mutator, Span<byte> buffer) => mutator.Mutate(corpus, buffer);

    public override void Take(Span<byte> input)
    {
        TReason reason = parse(input);
        _counts[Unsafe.As<TReason, byte>(ref reason)]++;
    }

    public override void Finish()
    {
        Accepted = _counts[0];
        foreach (TReason reason in Enum.GetValues<TReason>())
        {
            TReason value = reason;
            byte number = Unsafe.As<TReason, byte>(ref value);
            if (number != 0) Refuse(reason.ToString(), _counts[number]);
        }
    }
}

/// <summary>For parsers that only say yes or no.</summary>
internal enum Outcome : byte { Accepted, Refused }
