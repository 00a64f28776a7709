using System.Buffers.Binary;
using System.Text;

namespace Dapr.Voice.Tests.Fuzz.Engine;

/// <summary>Good inputs to begin from.</summary>
/// <param name="Tokens">Words of the language, to be put in anywhere; empty for binary formats.</param>
internal sealed record Corpus(IReadOnlyList<byte[]> Items, IReadOnlyList<byte[]> Tokens)
{
    public Corpus(IReadOnlyList<byte[]> items) : this(items, [])
    {
        if (items.Count == 0) throw new ArgumentException("A corpus has at least one item.", nameof(items));
    }

    private readonly Lazy<HashSet<ulong>> _hashes = new(() => [.. Items.Select(item => Hash(item))]);

    /// <summary>
    /// True for an item as it is (and, with a chance of 2^-50, for something else): two parts of one put together again, for example.
    /// </summary>
    public bool Contains(ReadOnlySpan<byte> bytes) => _hashes.Value.Contains(Hash(bytes));

    public static Corpus OfText(IEnumerable<string> items, params IEnumerable<string> tokens)
        => new([.. items.Select(Encoding.UTF8.GetBytes)], [.. tokens.Select(Encoding.UTF8.GetBytes)]);

    public Corpus Where(Func<byte[], bool> condition) => new([.. Items.Where(condition)], Tokens);

    private static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        ulong hash = 0xCBF2_9CE4_8422_2325 ^ (ulong)bytes.Length;
        for (; bytes.Length >= 8; bytes = bytes[8..])
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes)) * 0x9E37_79B9_7F4A_7C15 ^ hash >> 29;
        foreach (byte b in bytes) hash = (hash ^ b) * 0x0000_0100_0000_01B3;
        return hash;
    }

    public static Corpus operator +(Corpus a, Corpus b) => new([.. a.Items, .. b.Items], [.. a.Tokens, .. b.Tokens]);
}
