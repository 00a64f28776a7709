using System.Buffers.Binary;

namespace Dapr.Voice.Rtp;

/// <summary>
/// Appends a header extension (RFC 8285) to a packet whose fixed header is already written: sets the X bit, adds elements, pads to a word.
/// The packet must have no extension yet.
/// </summary>
public ref struct RtpHeaderExtensionWriter
{
    private readonly Span<byte> _packet;
    private readonly int _offset;
    private readonly bool _isTwoByteForm;
    private int _length;

    /// <param name="packet">The whole buffer.</param>
    /// <param name="headerLength">Bytes of header so far, CSRC list included.</param>
    /// <param name="isTwoByteForm">Needed for ids over 14, empty elements and elements over 16 bytes; has to be negotiated (section
    /// 4.3).</param>
    public RtpHeaderExtensionWriter(Span<byte> packet, int headerLength, bool isTwoByteForm = false)
    {
        _packet = packet;
        _offset = headerLength;
        _length = headerLength + 4;
        _isTwoByteForm = isTwoByteForm;
        packet[0] |= 0x10;
        BinaryPrimitives.WriteUInt16BigEndian(
            packet[headerLength..], isTwoByteForm ? RtpHeaderExtensions.TwoByteProfile : RtpHeaderExtensions.OneByteProfile);
        BinaryPrimitives.WriteUInt16BigEndian(packet[(headerLength + 2)..], 0);
    }

    public void Add(int id, scoped ReadOnlySpan<byte> value)
    {
        if (_isTwoByteForm)
        {
            if (id is < 1 or > 255) throw new ArgumentOutOfRangeException(nameof(id));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, 255, nameof(value));
            _packet[_length++] = (byte)id;
            _packet[_length++] = (byte)value.Length;
        }
        else
        {
            if (id is < 1 or > RtpHeaderExtensions.OneByteMaximumId) throw new ArgumentOutOfRangeException(nameof(id));
            if (value.Length is < 1 or > RtpHeaderExtensions.OneByteMaximumLength) throw new ArgumentOutOfRangeException(nameof(value));
            _packet[_length++] = (byte)(id << 4 | (value.Length - 1));
        }
        value.CopyTo(_packet[_length..]);
        _length += value.Length;
    }

    /// <summary>Pads to a whole word and writes the extension's length.</summary>
    /// <returns>The header length with the extension: where the payload begins.</returns>
    public int Finish()
    {
        while ((_length - _offset) % 4 != 0) _packet[_length++] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(_packet[(_offset + 2)..], (ushort)((_length - _offset - 4) / 4));
        return _length;
    }
}
