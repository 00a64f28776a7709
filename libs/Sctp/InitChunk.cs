using System.Buffers.Binary;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Sctp;

/// <summary>The value of an INIT or INIT ACK chunk (RFC 9260, sections 3.3.2 and 3.3.3), read in place.</summary>
internal readonly ref struct InitChunk
{
    //  0                   1                   2                   3
    // |                         Initiate Tag                          |
    // |           Advertised Receiver Window Credit (a_rwnd)          |
    // |  Number of Outbound Streams   |  Number of Inbound Streams    |
    // |                          Initial TSN                          |
    // \              Optional/Variable-Length Parameters              \
    public const int FixedBytes = 16;

    // RFC 9260, section 3.3.2: an INIT with a smaller window is invalid.
    private const uint MinimumWindow = 1500;

    // The maximum number of bytes of unknown parameters that are reported back. The peer needs only their types.
    public const int MaximumUnrecognizedBytes = 128;

    private InitChunk(ReadOnlySpan<byte> value, bool forwardsTsn, bool resetsStreams, ReadOnlySpan<byte> cookie,
        ReadOnlySpan<byte> parameters)
    {
        Tag = BinaryPrimitives.ReadUInt32BigEndian(value);
        Window = BinaryPrimitives.ReadUInt32BigEndian(value[4..]);
        OutboundStreams = BinaryPrimitives.ReadUInt16BigEndian(value[8..]);
        InboundStreams = BinaryPrimitives.ReadUInt16BigEndian(value[10..]);
        InitialTsn = BinaryPrimitives.ReadUInt32BigEndian(value[12..]);
        ForwardsTsn = forwardsTsn;
        ResetsStreams = resetsStreams;
        Cookie = cookie;
        _parameters = parameters;
    }

    private readonly ReadOnlySpan<byte> _parameters;

    public uint Tag { get; }
    public uint Window { get; }
    public ushort OutboundStreams { get; }
    public ushort InboundStreams { get; }
    public uint InitialTsn { get; }
    public bool ForwardsTsn { get; }
    public bool ResetsStreams { get; }

    /// <summary>Empty in an INIT.</summary>
    public ReadOnlySpan<byte> Cookie { get; }

    public static bool TryParse(ReadOnlySpan<byte> value, out InitChunk init)
    {
        init = default;
        if (value.Length < FixedBytes) return false;
        bool forwardsTsn = false, resetsStreams = false;
        ReadOnlySpan<byte> cookie = default;
        ReadOnlySpan<byte> rest = value[FixedBytes..];
        ReadOnlySpan<byte> parameters = rest;
        while (TryReadParameter(ref rest, out ushort type, out ReadOnlySpan<byte> body))
        {
            if (type == ParameterType.StateCookie) cookie = body;
            else if (type == ParameterType.ForwardTsnSupported) forwardsTsn = true;
            else if (type == ParameterType.SupportedExtensions)
            {
                forwardsTsn |= body.Contains((byte)ChunkType.ForwardTsn);
                resetsStreams |= body.Contains((byte)ChunkType.ReConfig);
            }
            // RFC 9260, section 3.2.1: an unknown parameter without the highest bit ends the processing of parameters.
            else if (!IsKnown(type) && (type & 0x8000) == 0) break;
        }
        init = new InitChunk(value, forwardsTsn, resetsStreams, cookie, parameters);
        return init.Tag != 0 && init.OutboundStreams != 0 && init.InboundStreams != 0 && init.Window >= MinimumWindow;
    }

    /// <summary>
    /// Collects the parameters that the sender wants to have reported, each inside an Unrecognized Parameter, with padding.
    /// </summary>
    public byte[] CollectUnrecognized()
    {
        Span<byte> report = stackalloc byte[MaximumUnrecognizedBytes];
        var writer = new SpanWriter(report);
        ReadOnlySpan<byte> rest = _parameters;
        while (TryReadParameter(ref rest, out ushort type, out ReadOnlySpan<byte> body))
        {
            if (IsKnown(type)) continue;
            if ((type & 0x4000) != 0 && writer.Free >= 8 + body.Length + 3)
            {
                writer.WriteUInt16(ParameterType.UnrecognizedParameter);
                writer.WriteUInt16((ushort)(8 + body.Length));
                writer.WriteUInt16(type);
                writer.WriteUInt16((ushort)(4 + body.Length));
                writer.WriteBytes(body);
                writer.WriteZeros(-body.Length & 3);
            }
            if ((type & 0x8000) == 0) break;
        }
        return writer.Written.ToArray();
    }

    /// <summary>
    /// Reads one type-length-value parameter with its padding. Returns false at the end, or if the length is invalid.
    /// </summary>
    public static bool TryReadParameter(scoped ref ReadOnlySpan<byte> rest, out ushort type, out ReadOnlySpan<byte> body)
    {
        type = 0;
        body = default;
        if (rest.Length < 4) return false;
        type = BinaryPrimitives.ReadUInt16BigEndian(rest);
        int length = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
        if (length < 4 || length > rest.Length) return false;
        body = rest[4..length];
        rest = rest[Math.Min(rest.Length, (length + 3) & ~3)..];
        return true;
    }

    // Addresses (5, 6, 11, 12), the unused cookie preservative (9) and ECN (0x8000) have no meaning inside DTLS. They are known and
    // ignored.
    private static bool IsKnown(ushort type)
        => type is ParameterType.StateCookie or ParameterType.UnrecognizedParameter or ParameterType.SupportedExtensions
        or ParameterType.ForwardTsnSupported or 5 or 6 or 9 or 11 or 12 or 0x8000;
}
