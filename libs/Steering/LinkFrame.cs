using System.Buffers.Binary;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Steering;

/// <summary>
/// A frame between relay and transceiver (docs/design.md 4.3), read in place; valid as long as its datagram. Several may share a datagram.
/// <code>
///  version:4 kind:4 | flags:8 | payload length:16 | cookie:64 | sessionId:64 | clientPort:16 | clientAddress:32 or 128 | payload
///  flags:  0x80 the address has 128 bits   0x40 the source is not a flow's   0x0F ingress
/// </code>
/// The client's address travels both ways, so a relay needs no table for the way back, and a new one learns its flows from it.
/// </summary>
public readonly ref struct LinkFrame
{
    /// <summary>Bytes before the payload for an IPv4 client, and for every control frame.</summary>
    public const int HeaderLengthIPv4 = 26;

    /// <summary>Bytes before the payload for an IPv6 client.</summary>
    public const int HeaderLengthIPv6 = 38;

    /// <summary>
    /// A datagram with several frames is filled up to this. It fits every path that carries 1,500 bytes, tunnels included.
    /// </summary>
    public const int CoalescedBytes = 1400;

    /// <summary>The ingress number for "no particular ingress": the kernel chooses the source address.</summary>
    public const byte AnyIngress = 14;

    /// <summary>The ingress number of all TCP clients. The client's address identifies the connection, so one number is enough.</summary>
    public const byte TcpIngress = 15;

    private const int Version = 1;
    private const byte IPv6Flag = 0x80, UnverifiedSourceFlag = 0x40, IngressMask = 0x0F;

    /// <summary>The client address in a control frame.</summary>
    internal static readonly TransportAddress NoClient = TransportAddress.FromIPv4(0, 0);

    private readonly byte _flags;

    private LinkFrame(LinkFrameKind kind, byte flags, ulong cookie, SessionId sessionId, TransportAddress client, Span<byte> payload,
        int length)
    {
        Kind = kind;
        _flags = flags;
        Cookie = cookie;
        SessionId = sessionId;
        Client = client;
        Payload = payload;
        Length = length;
    }

    public LinkFrameKind Kind { get; }
    public ulong Cookie { get; }
    public SessionId SessionId { get; }

    /// <summary>The client's address as the relay sees it.</summary>
    public TransportAddress Client { get; }

    /// <summary>The client's packet. Writable, so that it can be decrypted in place.</summary>
    public Span<byte> Payload { get; }

    /// <summary>Bytes of header and payload. The next frame follows directly.</summary>
    public int Length { get; }

    /// <summary>The number of the relay's public address that the packet came to or will leave from.</summary>
    public byte Ingress => (byte)(_flags & IngressMask);

    /// <summary>
    /// The relay found the session by the packet's SSRC, not by a flow. Nothing may be sent to this source before its packet has been
    /// authenticated.
    /// </summary>
    public bool IsUnverifiedSource => (_flags & UnverifiedSourceFlag) != 0;

    public static int HeaderLength(in TransportAddress client) => client.IsIPv4 ? HeaderLengthIPv4 : HeaderLengthIPv6;

    /// <summary>Reads the first frame of <paramref name="datagram"/>.</summary>
    public static bool TryRead(Span<byte> datagram, out LinkFrame frame, out LinkFrameError error)
    {
        frame = default;
        if (datagram.Length < HeaderLengthIPv4) { error = LinkFrameError.TooShort; return false; }
        if (datagram[0] >> 4 != Version) { error = LinkFrameError.UnknownVersion; return false; }
        var kind = (LinkFrameKind)(datagram[0] & 15);
        if (kind is LinkFrameKind.None or > LinkFrameKind.Epochs) { error = LinkFrameError.UnknownKind; return false; }
        byte flags = datagram[1];
        int header = (flags & IPv6Flag) == 0 ? HeaderLengthIPv4 : HeaderLengthIPv6;
        int payload = BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]);
        if (datagram.Length < header) { error = LinkFrameError.TooShort; return false; }
        if (datagram.Length < header + payload) { error = LinkFrameError.BeyondDatagram; return false; }
        frame = new LinkFrame(
            kind,
            flags,
            BinaryPrimitives.ReadUInt64BigEndian(datagram[4..]),
            new SessionId(BinaryPrimitives.ReadUInt64BigEndian(datagram[12..])),
            TransportAddress.FromBytes(datagram[22..header], BinaryPrimitives.ReadUInt16BigEndian(datagram[20..])),
            datagram.Slice(header, payload),
            header + payload);
        error = LinkFrameError.None;
        return true;
    }

    /// <summary>Writes a whole frame and returns its length in bytes.</summary>
    /// <param name="destination">Room for header and payload. A span that is too small throws.</param>
    public static int Write(
        Span<byte> destination, LinkFrameKind kind, ulong cookie, SessionId sessionId, in TransportAddress client,
        ReadOnlySpan<byte> payload,
        byte ingress = AnyIngress, bool isUnverifiedSource = false)
    {
        bool isIPv4 = client.IsIPv4;
        int header = isIPv4 ? HeaderLengthIPv4 : HeaderLengthIPv6;
        payload.CopyTo(destination[header..]);
        destination[0] = (byte)((Version << 4) | (int)kind);
        destination[1] = (byte)((isIPv4 ? 0 : IPv6Flag) | (isUnverifiedSource ? UnverifiedSourceFlag : 0) | (ingress & IngressMask));
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], checked((ushort)payload.Length));
        BinaryPrimitives.WriteUInt64BigEndian(destination[4..], cookie);
        BinaryPrimitives.WriteUInt64BigEndian(destination[12..], sessionId.Value);
        BinaryPrimitives.WriteUInt16BigEndian(destination[20..], client.Port);
        if (isIPv4) BinaryPrimitives.WriteUInt32BigEndian(destination[22..], client.IPv4);
        else client.WriteAddress16(destination[22..]);
        return header + payload.Length;
    }

    internal static int WriteControl(
        Span<byte> destination, LinkFrameKind kind, ulong cookie, ReadOnlySpan<byte> payload, SessionId sessionId = default)
        => Write(destination, kind, cookie, sessionId, NoClient, payload);
}
