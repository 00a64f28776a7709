using System.Buffers.Binary;

namespace Dapr.Voice.Steering;

/// <summary>
/// Payload of SLOTS and of EPOCHS: <c>announcement:32 | region:8 | first:16 | last:16 | runs</c>. A run is <c>slot:16 | count minus
/// one:16 | epoch:32</c>. One part is complete for the slots from first to last: a slot in that range that no run covers is not owned. The
/// parts of a long announcement are therefore independent and may be repeated. EPOCHS names the highest epochs that the relay has seen,
/// whoever had them. Its number counts nothing.
/// </summary>
internal readonly ref struct LinkSlots
{
    /// <summary>The most runs in one part, which keeps a part below 1,100 bytes.</summary>
    public const int MaximumRuns = 128;

    public const int MaximumLength = HeaderLength + (MaximumRuns * RunLength);

    public const int HeaderLength = 9;

    private const int RunLength = 8;

    private readonly ReadOnlySpan<byte> _runs;

    private LinkSlots(ReadOnlySpan<byte> payload)
    {
        Announcement = BinaryPrimitives.ReadUInt32BigEndian(payload);
        Region = payload[4];
        First = BinaryPrimitives.ReadUInt16BigEndian(payload[5..]);
        Last = BinaryPrimitives.ReadUInt16BigEndian(payload[7..]);
        _runs = payload[HeaderLength..];
    }

    /// <summary>The announcement's number. It grows with each change, and the highest number is the current one.</summary>
    public uint Announcement { get; }
    public byte Region { get; }
    public ushort First { get; }
    public ushort Last { get; }
    public int RunCount => _runs.Length / RunLength;

    public static bool TryRead(ReadOnlySpan<byte> payload, out LinkSlots slots)
    {
        slots = default;
        if (payload.Length < HeaderLength || (payload.Length - HeaderLength) % RunLength != 0) return false;
        slots = new LinkSlots(payload);
        if (slots.Announcement == 0 || slots.First > slots.Last) return false;
        for (int i = 0; i < slots.RunCount; i++)
        {
            slots.Run(i, out int slot, out int count, out _);
            if (slot < slots.First || slot + count - 1 > slots.Last) return false;
        }
        return true;
    }

    public void Run(int index, out int slot, out int count, out uint epoch)
    {
        ReadOnlySpan<byte> run = _runs.Slice(index * RunLength, RunLength);
        slot = BinaryPrimitives.ReadUInt16BigEndian(run);
        count = BinaryPrimitives.ReadUInt16BigEndian(run[2..]) + 1;
        epoch = BinaryPrimitives.ReadUInt32BigEndian(run[4..]);
    }

    /// <summary>Writes one part that starts at slot <paramref name="first"/>, and returns where the next part starts.</summary>
    /// <param name="epochs">For each slot the epoch, or -1 if the slot is not owned.</param>
    /// <param name="next">The first slot of the next part, or the length of <paramref name="epochs"/> after the last part.</param>
    public static int Write(Span<byte> destination, uint announcement, byte region, ReadOnlySpan<long> epochs, int first, out int next)
    {
        int slot = first, runs = 0, length = HeaderLength;
        while (slot < epochs.Length && runs < MaximumRuns)
        {
            if (epochs[slot] < 0) { slot++; continue; }
            int end = slot + 1;
            while (end < epochs.Length && epochs[end] == epochs[slot]) end++;
            BinaryPrimitives.WriteUInt16BigEndian(destination[length..], (ushort)slot);
            BinaryPrimitives.WriteUInt16BigEndian(destination[(length + 2)..], (ushort)(end - slot - 1));
            BinaryPrimitives.WriteUInt32BigEndian(destination[(length + 4)..], (uint)epochs[slot]);
            length += RunLength;
            runs++;
            slot = end;
        }
        next = slot;
        BinaryPrimitives.WriteUInt32BigEndian(destination, announcement);
        destination[4] = region;
        BinaryPrimitives.WriteUInt16BigEndian(destination[5..], (ushort)first);
        BinaryPrimitives.WriteUInt16BigEndian(destination[7..], (ushort)(slot - 1));
        return length;
    }
}
