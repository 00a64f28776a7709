using System.Buffers.Binary;
using Dapr.Voice.Tests.Fuzz.Engine;

namespace Dapr.Voice.Tests.Fuzz.Corpora;

/// <summary>Streams of frames behind a length of 16 bits (RFC 4571), as connections carry them.</summary>
internal static class StreamCorpus
{
    private const int LongestItem = 3500;

    /// <summary>Each frame alone, then runs of up to eight that follow each other.</summary>
    public static Corpus Of(IReadOnlyList<byte[]> frames)
    {
        var items = new List<byte[]>();
        for (int i = 0; i < frames.Count; i++)
        {
            byte[] stream = [];
            int wanted = i % 3 == 0 ? 1 : 2 + (i % 7);
            for (int k = i; k < i + wanted && k < frames.Count && stream.Length + frames[k].Length + 2 <= LongestItem; k++)
                stream = [.. stream, .. Framed(frames[k])];
            if (stream.Length > 0) items.Add(stream);
        }
        return new Corpus(items);
    }

    public static byte[] Framed(ReadOnlySpan<byte> frame)
    {
        byte[] framed = new byte[2 + frame.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)frame.Length);
        frame.CopyTo(framed.AsSpan(2));
        return framed;
    }
}
