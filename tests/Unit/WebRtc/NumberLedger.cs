using System.Buffers.Binary;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Unit.WebRtc;

/// <summary>
/// The numbers of everything that the owners of one session sent, living or dead, read from the packets. Each may occur once under its key.
/// The session uses AES-GCM, so the nonce of a packet is its key's salt and this number.
/// </summary>
internal sealed class NumberLedger
{
    private const int DtlsHeaderBytes = 13;

    private readonly HashSet<long> _rtp = [], _rtcp = [];
    private readonly HashSet<ulong> _dtls = [], _dtlsNonces = [];

    public List<string> Reused { get; } = [];
    public int RtpPackets => _rtp.Count;
    public long HighestRtp => _rtp.Count == 0 ? -1 : _rtp.Max();

    /// <summary>
    /// One owner's packets in the order in which it sent them. RTP does not carry the rollover counter, so this counts it.
    /// </summary>
    /// <param name="nextRtpIndex">The index of the owner's first RTP packet.</param>
    public Action<byte[]> Owner(string name, long nextRtpIndex)
    {
        long expected = nextRtpIndex;
        return datagram =>
        {
            switch (DatagramDemultiplexer.Classify(datagram))
            {
                case DatagramKind.Rtp:
                    ushort sequence = BinaryPrimitives.ReadUInt16BigEndian(datagram.AsSpan(2));
                    long index = expected + SerialNumber.Distance(sequence, (ushort)expected);
                    expected = index + 1;
                    Note(_rtp.Add(index), name, "RTP", index);
                    break;
                case DatagramKind.Rtcp:
                    // RFC 7714, section 9: E flag and index are the last word.
                    uint word = BinaryPrimitives.ReadUInt32BigEndian(datagram.AsSpan(datagram.Length - 4)) & 0x7FFF_FFFF;
                    Note(_rtcp.Add(word), name, "RTCP", word);
                    break;
                case DatagramKind.Dtls:
                    NoteRecords(name, datagram);
                    break;
            }
        };
    }

    private void NoteRecords(string name, ReadOnlySpan<byte> datagram)
    {
        while (datagram.Length >= DtlsHeaderBytes)
        {
            ulong number = BinaryPrimitives.ReadUInt64BigEndian(datagram[3..]);
            if (number >> 48 == 1)
            {
                Note(_dtls.Add(number), name, "DTLS", (long)number);
                ulong nonce = BinaryPrimitives.ReadUInt64BigEndian(datagram[DtlsHeaderBytes..]);
                Note(_dtlsNonces.Add(nonce), name, "DTLS nonce", (long)nonce);
            }
            datagram = datagram[(DtlsHeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(datagram[11..]))..];
        }
    }

    private void Note(bool isNew, string name, string kind, long number)
    {
        if (!isNew) Reused.Add($"{name}: {kind} {number}");
    }
}
