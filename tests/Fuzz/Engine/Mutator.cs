using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Dapr.Voice.Tests.Fuzz.Engine;

/// <summary>
/// Changes packets the way damage and malice do. Deterministic: the same seed over the same corpus gives the same bytes, whatever the
/// platform (SplitMix64, no <see cref="Random"/>).
/// </summary>
internal sealed class Mutator
{
    private static readonly ulong[] Boundaries =
    [
        0, 1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17, 19, 20, 21, 31, 32, 63, 64, 127, 128, 255, 256, 1023, 1024, 1499, 1500, 2047, 2048, 4095,
            4096,
        0x7FFE, 0x7FFF, 0x8000, 0xFFFD, 0xFFFE, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF, 0x7FFF_FFFF_FFFF_FFFF,
            0x8000_0000_0000_0000, ulong.MaxValue,
    ];

    private ulong _state;
    private byte[] _scratch = new byte[4096];

    public void Reseed(ulong seed, int index) => _state = Mix(seed + (ulong)index * 0xD1B5_4A32_D192_ED03);

    public ulong Next()
    {
        _state += 0x9E37_79B9_7F4A_7C15;
        return Mix(_state);
    }

    /// <summary>0 to <paramref name="bound"/> less one.</summary>
    public int Next(int bound) => (int)(((Next() >> 32) * (ulong)bound) >> 32);

    public bool OneIn(int chances) => Next(chances) == 0;

    public T Pick<T>(IReadOnlyList<T> items) => items[Next(items.Count)];

    public void Fill(Span<byte> bytes)
    {
        for (; bytes.Length >= 8; bytes = bytes[8..]) BinaryPrimitives.WriteUInt64LittleEndian(bytes, Next());
        for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)Next();
    }

    /// <summary>
    /// Writes a mutation of some item of the corpus into <paramref name="output"/> and returns its length. It is never an item itself.
    /// </summary>
    public int Mutate(Corpus corpus, Span<byte> output) => Mutate(Pick(corpus.Items), corpus, output);

    /// <summary>The same for a given item; the corpus lends parts and tokens.</summary>
    public int Mutate(ReadOnlySpan<byte> source, Corpus corpus, Span<byte> output)
    {
        int length = Math.Min(source.Length, output.Length);
        source[..length].CopyTo(output);
        // Mostly one or two changes: with more, hardly anything gets past the first check.
        int changes = Next(10) switch { < 5 => 1, < 8 => 2, < 9 => 3, _ => 3 + Next(10) };
        for (; changes > 0; changes--) length = Change(output, length, corpus);
        while (length > 0 && (source.SequenceEqual(output[..length]) || corpus.Contains(output[..length])))
            output[Next(length)] ^= (byte)(1 << Next(8));
        return length;
    }

    private int Change(Span<byte> bytes, int length, Corpus corpus)
    {
        if (length == 0) return Extend(bytes, 0);
        switch (Next(corpus.Tokens.Count > 0 ? 22 : 14))
        {
            case 0:
                for (int flips = 1 + Next(8); flips > 0; flips--) bytes[Next(length)] ^= (byte)(1 << Next(8));
                return length;
            case 1:
                bytes[Next(length)] = (byte)Next();
                return length;
            case 2:
                return Next(length);
            case 3:
                return Extend(bytes, length);
            case 4:
                return Splice(bytes, length, Pick(corpus.Items));
            case 5 or 6:
                WriteLength(bytes, length);
                return length;
            case 7:
                return Insert(bytes, length, Next(length + 1), Range(bytes[..length]));
            case 8:
            {
                int start = Next(length), count = Math.Min(length - start, 1 + Next(OneIn(4) ? length : 16));
                bytes[(start + count)..length].CopyTo(bytes[start..]);
                return length - count;
            }
            case 9:
            {
                int start = Next(length);
                Fill(bytes.Slice(start, Math.Min(length - start, 1 + Next(16))));
                return length;
            }
            case 10:
                bytes[Next(length)] += (byte)(OneIn(2) ? 1 : 255);
                return length;
            case 11:
                return Insert(bytes, length, Next(length + 1), Range(Pick(corpus.Items)));
            case 12:
                bytes.Slice(Next(length), 1)[0] = OneIn(2) ? (byte)0 : (byte)255;
                return length;
            case 13 when OneIn(4):
            {
                // Nothing but noise; half of the time behind the byte that says what it is.
                int count = 1 + Next(Math.Min(bytes.Length, OneIn(8) ? bytes.Length : 200));
                int keep = OneIn(2) ? 1 : 0;
                Fill(bytes[keep..count]);
                return count;
            }
            case 13:
                return length;
            case 14 or 15:
                return MoveLine(bytes, length);
            case 16 or 17 or 18 or 19:
                return ReplaceWord(bytes, length, corpus);
            default:
                return Insert(bytes, length, Next(length + 1), Pick(corpus.Tokens));
        }
    }

    private int Extend(Span<byte> bytes, int length)
    {
        int room = bytes.Length - length;
        if (room == 0) return length;
        int count = Math.Min(room, OneIn(16) ? room : 1 + Next(64));
        Span<byte> added = bytes.Slice(length, count);
        if (OneIn(2)) Fill(added);
        else added.Fill((byte)Next(3) switch { 0 => 0, 1 => 255, _ => (byte)Next() });
        return length + count;
    }

    private int Splice(Span<byte> bytes, int length, ReadOnlySpan<byte> tail)
    {
        int keep = Next(length + 1);
        ReadOnlySpan<byte> rest = tail[Next(tail.Length + 1)..];
        int count = Math.Min(rest.Length, bytes.Length - keep);
        rest[..count].CopyTo(bytes[keep..]);
        return keep + count;
    }

    /// <summary>A number where a length or count might be: of the boundaries, near what is there, or near what would be right.</summary>
    private void WriteLength(Span<byte> bytes, int length)
    {
        int width = Next(8) switch { < 2 => 1, < 6 => 2, < 7 => 4, _ => 8 };
        if (width > length) width = 1;
        int at = Next(length - width + 1);
        // Fields of protocols lie on even offsets.
        if (width > 1 && !OneIn(4)) at &= ~1;
        ulong value = Next(4) switch
        {
            0 => (ulong)Math.Max(0, length - at - Next(9) + 2),
            1 => (ulong)Math.Max(0, length - Next(32)),
            _ => Pick(Boundaries),
        };
        Span<byte> field = bytes.Slice(at, width);
        if (width == 1) field[0] = (byte)value;
        else if (width == 2) BinaryPrimitives.WriteUInt16BigEndian(field, (ushort)value);
        else if (width == 4) BinaryPrimitives.WriteUInt32BigEndian(field, (uint)value);
        else BinaryPrimitives.WriteUInt64BigEndian(field, value);
    }

    private ReadOnlySpan<byte> Range(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return default;
        int start = Next(bytes.Length) & (OneIn(3) ? ~0 : ~3);
        return bytes.Slice(start, 1 + Next(Math.Min(bytes.Length - start, OneIn(8) ? bytes.Length : 64)));
    }

    private int Insert(Span<byte> bytes, int length, int at, ReadOnlySpan<byte> inserted)
    {
        int count = Math.Min(inserted.Length, bytes.Length - length);
        if (count <= 0) return length;
        if (_scratch.Length < count) _scratch = new byte[count];
        inserted[..count].CopyTo(_scratch);
        bytes[at..length].CopyTo(bytes[(at + count)..]);
        _scratch.AsSpan(0, count).CopyTo(bytes[at..]);
        return length + count;
    }

    /// <summary>Text: a line is removed, repeated, or repeated elsewhere.</summary>
    private int MoveLine(Span<byte> bytes, int length)
    {
        int start = bytes[..Next(length)].LastIndexOf((byte)'\n') + 1;
        int end = bytes[start..length].IndexOf((byte)'\n');
        end = end < 0 ? length : start + end + 1;
        byte[] line = bytes[start..end].ToArray();
        if (!OneIn(3))
        {
            bytes[end..length].CopyTo(bytes[start..]);
            length -= line.Length;
            if (OneIn(2)) return length;
        }
        for (int copies = OneIn(64) ? 1000 : 1; copies > 0; copies--)
        {
            int at = length == 0 ? 0 : bytes[..Next(length)].LastIndexOf((byte)'\n') + 1;
            length = Insert(bytes, length, at, line);
        }
        return length;
    }

    /// <summary>Text that stays well formed for its most part: one word or number gives way to another, or to a boundary.</summary>
    private int ReplaceWord(Span<byte> bytes, int length, Corpus corpus)
    {
        byte[] word;
        if (OneIn(3))
        {
            word = Encoding.ASCII.GetBytes(Pick(Boundaries).ToString(CultureInfo.InvariantCulture));
        }
        else
        {
            byte[] source = Pick(corpus.Items);
            word = source[WordAt(source, Next(source.Length))];
        }
        (int start, int count) = WordAt(bytes[..length], Next(length)).GetOffsetAndLength(length);
        bytes[(start + count)..length].CopyTo(bytes[start..]);
        return Insert(bytes, length - count, start, word);
    }

    private static Range WordAt(ReadOnlySpan<byte> text, int at)
    {
        int start = at, end = at;
        while (start > 0 && char.IsAsciiLetterOrDigit((char)text[start - 1])) start--;
        while (end < text.Length && char.IsAsciiLetterOrDigit((char)text[end])) end++;
        return start..end;
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }
}
