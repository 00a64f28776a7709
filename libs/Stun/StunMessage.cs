using System.Buffers.Binary;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Stun;

/// <summary>
/// A STUN message (RFC 8489, section 5), read in place. It is valid as long as its datagram. Unknown attributes are kept.
/// </summary>
public readonly ref struct StunMessage
{
    /// <summary>
    /// The longest message that is accepted, in bytes. ICE checks have about 110 bytes. Browsers that carry DTLS flights in them (0xC070,
    /// 0xC071) send up to 1.2 kB. Verifying a message needs this much stack.
    /// </summary>
    public const int MaximumLength = 2048;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _integrityOffset;
    private readonly int _fingerprintOffset;

    private StunMessage(ReadOnlySpan<byte> bytes, int integrityOffset, int fingerprintOffset)
    {
        _bytes = bytes;
        _integrityOffset = integrityOffset;
        _fingerprintOffset = fingerprintOffset;
    }

    /// <summary>Accepts a datagram that is exactly one message. Checks every length in it.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out StunMessage message, out StunParseError error)
    {
        message = default;
        error = CheckHeader(datagram);
        if (error != StunParseError.None) return false;

        int integrityOffset = 0;
        int fingerprintOffset = 0;
        int offset = StunHeader.Length;
        while (offset < datagram.Length)
        {
            // The offset and the end are both multiples of four, so a whole attribute header is left.
            int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[(offset + 2)..]);
            int next = offset + StunHeader.AttributeHeaderLength + StunHeader.Padded(length);
            if (next > datagram.Length) { error = StunParseError.TruncatedAttribute; return false; }
            if (fingerprintOffset != 0) { error = StunParseError.AttributeAfterFingerprint; return false; }
            switch ((StunAttributeType)BinaryPrimitives.ReadUInt16BigEndian(datagram[offset..]))
            {
                case StunAttributeType.MessageIntegrity when integrityOffset == 0:
                    if (length != MessageIntegrity.ValueLength) { error = StunParseError.BadAttributeLength; return false; }
                    integrityOffset = offset;
                    break;
                case StunAttributeType.Fingerprint:
                    if (length != Fingerprint.ValueLength) { error = StunParseError.BadAttributeLength; return false; }
                    fingerprintOffset = offset;
                    break;
            }
            offset = next;
        }
        message = new StunMessage(datagram, integrityOffset, fingerprintOffset);
        return true;
    }

    public StunClass Class => StunHeader.DecodeClass(BinaryPrimitives.ReadUInt16BigEndian(_bytes));
    public StunMethod Method => StunHeader.DecodeMethod(BinaryPrimitives.ReadUInt16BigEndian(_bytes));

    /// <summary>Twelve bytes.</summary>
    public ReadOnlySpan<byte> TransactionId => _bytes.Slice(StunHeader.TransactionIdOffset, StunHeader.TransactionIdLength);

    /// <summary>The whole message.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>
    /// The attributes in order of appearance. Attributes after MESSAGE-INTEGRITY are omitted, as RFC 8489, section 14.5 requires.
    /// </summary>
    public StunAttributeEnumerator Attributes => new(_bytes[StunHeader.Length..]);

    public bool HasMessageIntegrity => _integrityOffset != 0;
    public bool HasFingerprint => _fingerprintOffset != 0;

    /// <summary>Reads the first attribute of a type. Later ones of the same type are ignored (RFC 8489, section 14).</summary>
    public bool TryGet(StunAttributeType type, out ReadOnlySpan<byte> value)
    {
        foreach (StunAttribute attribute in Attributes)
        {
            if (attribute.Type != type) continue;
            value = attribute.Value;
            return true;
        }
        value = default;
        return false;
    }

    /// <summary>The value of USERNAME, or empty if it is absent. In ICE it is <c>receiver's ufrag:sender's ufrag</c>.</summary>
    public ReadOnlySpan<byte> Username => TryGet(StunAttributeType.Username, out ReadOnlySpan<byte> value) ? value : default;

    public bool HasUseCandidate => TryGet(StunAttributeType.UseCandidate, out _);

    public bool TryGetPriority(out uint priority)
    {
        priority = 0;
        return TryGet(StunAttributeType.Priority, out ReadOnlySpan<byte> value) && value.Length == 4
            && BinaryPrimitives.TryReadUInt32BigEndian(value, out priority);
    }

    /// <summary>Reads the tie-breaker from ICE-CONTROLLING or ICE-CONTROLLED, whichever <paramref name="type"/> names.</summary>
    public bool TryGetTieBreaker(StunAttributeType type, out ulong tieBreaker)
    {
        tieBreaker = 0;
        return TryGet(type, out ReadOnlySpan<byte> value) && value.Length == 8
            && BinaryPrimitives.TryReadUInt64BigEndian(value, out tieBreaker);
    }

    public bool TryGetXorMappedAddress(out TransportAddress address)
    {
        address = default;
        return TryGet(StunAttributeType.XorMappedAddress, out ReadOnlySpan<byte> value)
            && XorMappedAddress.TryRead(value, TransactionId, out address);
    }

    /// <param name="code">300 to 699 (RFC 8489, section 14.8).</param>
    public bool TryGetErrorCode(out int code)
    {
        code = 0;
        if (!TryGet(StunAttributeType.ErrorCode, out ReadOnlySpan<byte> value) || value.Length < 4) return false;
        int hundreds = value[2] & 7;
        if (hundreds is < 3 or > 6 || value[3] > 99) return false;
        code = (hundreds * 100) + value[3];
        return true;
    }

    /// <summary>Returns true if FINGERPRINT is present and correct.</summary>
    public bool HasValidFingerprint()
        => _fingerprintOffset != 0
            && BinaryPrimitives.ReadUInt32BigEndian(_bytes[(_fingerprintOffset + StunHeader.AttributeHeaderLength)..])
                == Fingerprint.Compute(_bytes[.._fingerprintOffset]);

    /// <summary>Returns true if MESSAGE-INTEGRITY is present and correct.</summary>
    /// <param name="key">The bytes of the password, because ICE uses short-term credentials (RFC 8489, section 9.1.1).</param>
    public bool VerifyMessageIntegrity(ReadOnlySpan<byte> key)
        => _integrityOffset != 0 && MessageIntegrity.Verify(_bytes, _integrityOffset, key);

    private static StunParseError CheckHeader(ReadOnlySpan<byte> datagram)
    {
        if (datagram.Length < StunHeader.Length) return StunParseError.TooShort;
        if ((datagram[0] & 0xC0) != 0) return StunParseError.NotStun;
        if (BinaryPrimitives.ReadUInt32BigEndian(datagram[StunHeader.MagicCookieOffset..]) != StunHeader.MagicCookie)
            return StunParseError.BadMagicCookie;
        if (datagram.Length > MaximumLength) return StunParseError.TooLong;
        int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[StunHeader.LengthOffset..]);
        return (length & 3) != 0 || length != datagram.Length - StunHeader.Length ? StunParseError.BadLength : StunParseError.None;
    }
}
