using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Dapr.Voice.Cli.Drills.Measures;

/// <summary>
/// Looks at the packets that a client receives, and finds a packet index that was used twice with different contents: an SRTP index (SSRC,
/// rollover count and sequence number), an SRTCP index, or a DTLS record number. All of them are readable without keys. A packet that is
/// repeated byte for byte is a retransmission and no reuse. Not thread-safe.
/// </summary>
internal sealed class IndexWatch
{
    private const int RtpHeaderBytes = 12, RecordHeaderBytes = 13;

    // AES-GCM puts the SRTCP index last (RFC 7714, section 9.2). HMAC-SHA1-80 puts 10 bytes of tag behind it (RFC 3711).
    private const int SrtcpIndexBytes = 4, HmacTagBytes = 10;
    private const uint SrtcpEncrypted = 0x8000_0000;

    /// <summary>An SRTCP index above this is no index but a part of a tag.</summary>
    private const uint HighestPlausibleSrtcpIndex = 1 << 26;

    private readonly Dictionary<(ulong Flow, byte Kind, ulong Stream, ulong Index), ulong> _seen = [];
    private readonly Dictionary<uint, long> _highest = [];

    /// <summary>How many packets with an index were seen.</summary>
    public long Packets { get; private set; }

    /// <param name="flow">The client's address and port. They tell DTLS sessions apart; RTP has its SSRC.</param>
    /// <returns>What was reused, in words; null if nothing was.</returns>
    public string? Observe(ulong flow, ReadOnlySpan<byte> datagram)
    {
        if (datagram.Length < RtpHeaderBytes) return null;
        // RFC 7983: the first byte tells STUN (0 to 3), DTLS (20 to 63) and RTP (128 to 191) apart.
        if (datagram[0] is >= 128 and <= 191) return datagram[1] is >= 192 and <= 223 ? ObserveRtcp(datagram) : ObserveRtp(datagram);
        return datagram[0] is >= 20 and <= 63 ? ObserveRecords(flow, datagram) : null;
    }

    private string? ObserveRtp(ReadOnlySpan<byte> packet)
    {
        ushort sequence = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        uint ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        // RFC 3711, appendix A: the index nearest to the highest one so far.
        long index = sequence;
        if (_highest.TryGetValue(ssrc, out long highest))
        {
            index = highest + (short)(sequence - (ushort)highest);
            if (index > highest) _highest[ssrc] = index;
        }
        else _highest[ssrc] = index = sequence + 0x1_0000L;
        return Note(0, 0, ssrc, (ulong)index, packet)
            ? $"RTP sequence number {sequence} of SSRC {ssrc:x8} with two contents" : null;
    }

    private string? ObserveRtcp(ReadOnlySpan<byte> packet)
    {
        uint ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        uint last = BinaryPrimitives.ReadUInt32BigEndian(packet[^SrtcpIndexBytes..]);
        if ((last & SrtcpEncrypted) == 0 || (last & ~SrtcpEncrypted) > HighestPlausibleSrtcpIndex)
        {
            if (packet.Length < RtpHeaderBytes + HmacTagBytes) return null;
            last = BinaryPrimitives.ReadUInt32BigEndian(packet[^(SrtcpIndexBytes + HmacTagBytes)..]);
            if ((last & SrtcpEncrypted) == 0) return null;
        }
        uint index = last & ~SrtcpEncrypted;
        return Note(0, 1, ssrc, index, packet) ? $"SRTCP index {index} of SSRC {ssrc:x8} with two contents" : null;
    }

    private string? ObserveRecords(ulong flow, ReadOnlySpan<byte> datagram)
    {
        string? reuse = null;
        while (datagram.Length >= RecordHeaderBytes && datagram[0] is >= 20 and <= 63)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[11..]);
            if (RecordHeaderBytes + length > datagram.Length) break;
            ushort epoch = BinaryPrimitives.ReadUInt16BigEndian(datagram[3..]);
            ulong number = BinaryPrimitives.ReadUInt64BigEndian(datagram[3..]) & 0xFFFF_FFFF_FFFF;
            // Epoch 0 has no keys.
            if (epoch > 0 && Note(flow, 2, epoch, number, datagram[..(RecordHeaderBytes + length)]))
                reuse ??= $"DTLS record {epoch}/{number} with two contents";
            datagram = datagram[(RecordHeaderBytes + length)..];
        }
        return reuse;
    }

    private bool Note(ulong flow, byte kind, ulong stream, ulong index, ReadOnlySpan<byte> content)
    {
        Packets++;
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, digest);
        ulong hash = BinaryPrimitives.ReadUInt64LittleEndian(digest);
        return !_seen.TryAdd((flow, kind, stream, index), hash) && _seen[(flow, kind, stream, index)] != hash;
    }
}
