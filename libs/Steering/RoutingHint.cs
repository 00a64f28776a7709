using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Dapr.Voice.Steering;

/// <summary>
/// What the server's ICE ufrag carries (docs/design.md 4.1), so that the first packet of a call finds its owner with no look-up elsewhere:
/// <code>
///  0               1               2               3
///  version  keyId | region        | slot                          |
///  sessionId (64 bits)                                            |
///  generation     | expiryMinutes                                 |
///  tag: first 64 bits of HMAC-SHA256 over the 16 bytes above      |
/// </code>
/// 24 bytes, in the ufrag 39 characters of base32. Signed, so a hint that we did not make goes nowhere and costs no memory.
/// </summary>
/// <param name="KeyId">Which key of the ring signed it, 0 to 15.</param>
/// <param name="Generation">Counts the ICE restarts of the session.</param>
/// <param name="ExpiryMinutes">Minutes since <see cref="Epoch"/>, 24 bits; the last minute in which it may open a flow.</param>
public readonly record struct RoutingHint(byte KeyId, byte Region, ushort Slot, SessionId SessionId, byte Generation, uint ExpiryMinutes)
{
    /// <summary>The length of the ufrag in characters.</summary>
    public const int TextLength = 39;

    /// <summary>The start of <see cref="ExpiryMinutes"/>. 24 bits of minutes reach until 2057.</summary>
    public static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private const int Version = 1;
    private const int SignedBytes = 16;
    private const int TagBytes = 8;
    private const int TotalBytes = SignedBytes + TagBytes;
    private const uint MaximumMinutes = (1u << 24) - 1;

    public SlotId SlotId => new(Region, Slot);

    /// <summary>Converts a time to minutes since <see cref="Epoch"/>, limited to 24 bits.</summary>
    public static uint ToMinutes(DateTimeOffset moment) => (uint)Math.Clamp((long)(moment - Epoch).TotalMinutes, 0, MaximumMinutes);

    /// <param name="nowMinutes">The current time, as <see cref="ToMinutes"/> returns it.</param>
    public bool IsExpired(uint nowMinutes) => nowMinutes > ExpiryMinutes;

    /// <summary>Signs the hint and returns it as the text of a ufrag.</summary>
    /// <exception cref="ArgumentException">The ring has no key <see cref="KeyId"/>, or the expiry has more than 24 bits.</exception>
    public string Encode(HintKeyRing keys)
    {
        if (!keys.TryGetKey(KeyId, out ReadOnlySpan<byte> key)) throw new ArgumentException($"The ring has no key {KeyId}.", nameof(keys));
        if (ExpiryMinutes > MaximumMinutes) throw new InvalidOperationException("The expiry has more than 24 bits.");
        Span<byte> bytes = stackalloc byte[TotalBytes];
        bytes[0] = (byte)((Version << 4) | KeyId);
        bytes[1] = Region;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], Slot);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[4..], SessionId.Value);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[12..], ((uint)Generation << 24) | ExpiryMinutes);
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, bytes[..SignedBytes], mac);
        mac[..TagBytes].CopyTo(bytes[SignedBytes..]);
        Span<char> text = stackalloc char[TextLength];
        Base32.Encode(bytes, text);
        return new string(text);
    }

    /// <summary>Reads and verifies a hint. It does not check the expiry, which matters only where no flow exists yet.</summary>
    /// <param name="username"><c>ufrag</c>, or <c>ufrag:peer</c> as in STUN (RFC 8445, section 7.2.2).</param>
    public static bool TryDecode(ReadOnlySpan<byte> username, HintKeyRing keys, out RoutingHint hint, out HintError error)
    {
        hint = default;
        if (username.IsEmpty) { error = HintError.Missing; return false; }
        int colon = username.IndexOf((byte)':');
        ReadOnlySpan<byte> ufrag = colon < 0 ? username : username[..colon];
        if (ufrag.Length != TextLength) { error = HintError.WrongLength; return false; }
        Span<byte> bytes = stackalloc byte[TotalBytes];
        if (!Base32.TryDecode(ufrag, bytes)) { error = HintError.NotBase32; return false; }
        if (bytes[0] >> 4 != Version) { error = HintError.UnknownVersion; return false; }
        if (!keys.TryGetKey(bytes[0] & 15, out ReadOnlySpan<byte> key)) { error = HintError.UnknownKey; return false; }
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, bytes[..SignedBytes], mac);
        if (!CryptographicOperations.FixedTimeEquals(mac[..TagBytes], bytes[SignedBytes..])) { error = HintError.Forged; return false; }
        uint last = BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]);
        hint = new RoutingHint(
            (byte)(bytes[0] & 15),
            bytes[1],
            BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            new SessionId(BinaryPrimitives.ReadUInt64BigEndian(bytes[4..])),
            (byte)(last >> 24),
            last & MaximumMinutes);
        error = HintError.None;
        return true;
    }
}
