using System.Buffers.Binary;

namespace Dapr.Voice.Stun;

/// <summary>Enumerates the attributes of a message. <see cref="StunMessage.TryParse"/> has checked their lengths.</summary>
public ref struct StunAttributeEnumerator
{
    private ReadOnlySpan<byte> _rest;
    private bool _isPastIntegrity;

    internal StunAttributeEnumerator(ReadOnlySpan<byte> attributes) => _rest = attributes;

    public StunAttribute Current { get; private set; }

    public readonly StunAttributeEnumerator GetEnumerator() => this;

    public bool MoveNext()
    {
        while (!_rest.IsEmpty)
        {
            var type = (StunAttributeType)BinaryPrimitives.ReadUInt16BigEndian(_rest);
            int length = BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]);
            ReadOnlySpan<byte> value = _rest.Slice(StunHeader.AttributeHeaderLength, length);
            _rest = _rest[(StunHeader.AttributeHeaderLength + StunHeader.Padded(length))..];

            // RFC 8489, section 14.5: attributes after MESSAGE-INTEGRITY are not protected and must be ignored, except for these two.
            if (_isPastIntegrity && type is not (StunAttributeType.Fingerprint or StunAttributeType.MessageIntegritySha256)) continue;
            _isPastIntegrity |= type == StunAttributeType.MessageIntegrity;
            Current = new StunAttribute(type, value);
            return true;
        }
        return false;
    }
}
