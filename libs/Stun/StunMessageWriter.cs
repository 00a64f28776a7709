using System.Buffers.Binary;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Stun;

/// <summary>
/// Writes a message front to back into a span that the caller owns. The length field is correct after every call. The writer throws if the
/// span is too small, or if an attribute is added after the one that must be last.
/// </summary>
public ref struct StunMessageWriter
{
    private readonly Span<byte> _destination;
    private bool _hasIntegrity;
    private bool _hasFingerprint;

    /// <param name="transactionId">Twelve bytes.</param>
    public StunMessageWriter(Span<byte> destination, StunClass messageClass, StunMethod method, scoped ReadOnlySpan<byte> transactionId)
    {
        if (transactionId.Length != StunHeader.TransactionIdLength)
            throw new ArgumentException("A transaction id has twelve bytes.", nameof(transactionId));
        if (destination.Length < StunHeader.Length)
            throw new ArgumentException("The destination is too small for a header.", nameof(destination));
        _destination = destination;
        BinaryPrimitives.WriteUInt16BigEndian(destination, StunHeader.EncodeType(messageClass, method));
        BinaryPrimitives.WriteUInt16BigEndian(destination[StunHeader.LengthOffset..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(destination[StunHeader.MagicCookieOffset..], StunHeader.MagicCookie);
        transactionId.CopyTo(destination[StunHeader.TransactionIdOffset..]);
        Length = StunHeader.Length;
    }

    /// <summary>Bytes written so far, header included.</summary>
    public int Length { get; private set; }

    public void Add(StunAttributeType type, scoped ReadOnlySpan<byte> value)
    {
        if (_hasIntegrity && type is not StunAttributeType.MessageIntegritySha256)
            throw new InvalidOperationException("Receivers ignore attributes after MESSAGE-INTEGRITY.");
        value.CopyTo(Reserve(type, value.Length));
    }

    /// <summary>Adds an attribute without a value, such as USE-CANDIDATE.</summary>
    public void AddFlag(StunAttributeType type) => Add(type, []);

    public void AddUInt32(StunAttributeType type, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Add(type, bytes);
    }

    public void AddUInt64(StunAttributeType type, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        Add(type, bytes);
    }

    public void AddXorMappedAddress(TransportAddress address)
    {
        Span<byte> bytes = stackalloc byte[XorMappedAddress.MaximumValueLength];
        int length = XorMappedAddress.Write(
            bytes, address, _destination.Slice(StunHeader.TransactionIdOffset, StunHeader.TransactionIdLength));
        Add(StunAttributeType.XorMappedAddress, bytes[..length]);
    }

    /// <param name="code">300 to 699.</param>
    /// <param name="reason">A short text for people, in UTF-8.</param>
    public void AddErrorCode(int code, scoped ReadOnlySpan<byte> reason)
    {
        if (code is < 300 or > 699) throw new ArgumentOutOfRangeException(nameof(code), code, "300 to 699.");
        Span<byte> value = Reserve(StunAttributeType.ErrorCode, 4 + reason.Length);
        value[0] = value[1] = 0;
        value[2] = (byte)(code / 100);
        value[3] = (byte)(code % 100);
        reason.CopyTo(value[4..]);
    }

    /// <param name="key">The bytes of the password (short-term credentials).</param>
    public void AddMessageIntegrity(scoped ReadOnlySpan<byte> key)
    {
        if (_hasIntegrity) throw new InvalidOperationException("The message already has MESSAGE-INTEGRITY.");
        int covered = Length;
        Span<byte> value = Reserve(StunAttributeType.MessageIntegrity, MessageIntegrity.ValueLength);
        MessageIntegrity.Compute(_destination[..covered], key, value);
        _hasIntegrity = true;
    }

    /// <summary>Adds FINGERPRINT. Nothing can be added after it.</summary>
    public void AddFingerprint()
    {
        int covered = Length;
        Span<byte> value = Reserve(StunAttributeType.Fingerprint, Fingerprint.ValueLength);
        BinaryPrimitives.WriteUInt32BigEndian(value, Fingerprint.Compute(_destination[..covered]));
        _hasFingerprint = true;
    }

    /// <summary>
    /// Writes the attribute's header and padding and adds them to the message's length. The caller fills the returned value.
    /// </summary>
    private Span<byte> Reserve(StunAttributeType type, int length)
    {
        if (_hasFingerprint) throw new InvalidOperationException("FINGERPRINT must be the last attribute.");
        int padded = StunHeader.Padded(length);
        if (_destination.Length - Length < StunHeader.AttributeHeaderLength + padded)
            throw new InvalidOperationException("The destination is too small for the message.");
        Span<byte> attribute = _destination.Slice(Length, StunHeader.AttributeHeaderLength + padded);
        BinaryPrimitives.WriteUInt16BigEndian(attribute, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(attribute[2..], (ushort)length);
        attribute[(StunHeader.AttributeHeaderLength + length)..].Clear();
        Length += attribute.Length;
        BinaryPrimitives.WriteUInt16BigEndian(_destination[StunHeader.LengthOffset..], (ushort)(Length - StunHeader.Length));
        return attribute.Slice(StunHeader.AttributeHeaderLength, length);
    }
}
