namespace Dapr.Voice.Rtp;

/// <summary>
/// Enumerates the elements of a header extension (RFC 8285): the one-byte form (section 4.2, profile 0xBEDE) and the two-byte
/// form (section 4.3, profile 0x100X). Another profile has none. An element that runs over the end ends the enumeration.
/// </summary>
public ref struct RtpHeaderExtensions
{
    internal const ushort OneByteProfile = 0xBEDE;
    internal const ushort TwoByteProfile = 0x1000;
    internal const ushort TwoByteProfileMask = 0xFFF0;
    internal const int OneByteMaximumId = 14;
    internal const int OneByteMaximumLength = 16;

    // Id 15 of the one-byte form is reserved: "processing of the entire extension MUST terminate" (section 4.2).
    private const int OneByteStopId = 15;

    private readonly bool _isTwoByteForm;
    private ReadOnlySpan<byte> _rest;

    internal RtpHeaderExtensions(ushort profile, ReadOnlySpan<byte> elements)
    {
        _isTwoByteForm = (profile & TwoByteProfileMask) == TwoByteProfile;
        _rest = _isTwoByteForm || profile == OneByteProfile ? elements : default;
    }

    public RtpHeaderExtension Current { get; private set; }

    public readonly RtpHeaderExtensions GetEnumerator() => this;

    public bool MoveNext()
    {
        while (!_rest.IsEmpty)
        {
            if (_rest[0] == 0) { _rest = _rest[1..]; continue; }

            int id, length, prefix;
            if (_isTwoByteForm)
            {
                if (_rest.Length < 2) break;
                (id, length, prefix) = (_rest[0], _rest[1], 2);
            }
            else
            {
                (id, length, prefix) = (_rest[0] >> 4, (_rest[0] & 0x0F) + 1, 1);
                if (id == OneByteStopId) break;
                // Id 0 with a length is padding that lies about itself; RFC 8285 wants it ignored like padding.
                if (id == 0) { _rest = _rest[1..]; continue; }
            }

            if (_rest.Length < prefix + length) break;
            Current = new RtpHeaderExtension((byte)id, _rest.Slice(prefix, length));
            _rest = _rest[(prefix + length)..];
            return true;
        }
        _rest = default;
        return false;
    }
}
