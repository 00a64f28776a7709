using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Dapr.Voice.Srtp;

/// <summary>
/// SRTCP for one direction (RFC 3711, section 3.4; RFC 7714, section 9): a context is used either to protect or to unprotect. It works in
/// place and does not allocate for a packet. Only one thread may use it at a time.
/// <code>
/// AES-CM: | header and SSRC, clear | encrypted | E + 31-bit index | 10 bytes of HMAC-SHA1 |
/// GCM:    | header and SSRC, clear | encrypted | 16 bytes of tag  | E + 31-bit index      |
/// </code>
/// </summary>
public sealed class SrtcpContext : IDisposable
{
    private const int ClearLength = 8;
    private const int IndexLength = 4;
    private const uint EncryptedFlag = 0x8000_0000;
    private const long MaximumIndex = 0x7FFF_FFFF;
    private const int SsrcOffset = 4;

    private readonly SrtpKeyingMaterial _material;
    private readonly int _tagLength;
    private readonly SourceTable _sources;
    private SessionCipher? _encryption;
    private SessionCipher? _decryption;
    private SrtpErrorCounters _errors;

    public SrtcpContext(SrtpKeyingMaterial material) : this(material, new SourceTable()) { }

    private SrtcpContext(SrtpKeyingMaterial material, SourceTable sources)
    {
        material.Validate();
        _material = material;
        _tagLength = SrtpProfileParameters.RtcpTagLength(material.Profile);
        _sources = sources;
    }

    /// <summary>For test vectors that start with session keys.</summary>
    internal SrtcpContext(SrtpKeyingMaterial material, SessionCipher encryption, SessionCipher decryption) : this(material)
    {
        _encryption = encryption;
        _decryption = decryption;
    }

    public SrtpProtectionProfile Profile => _material.Profile;

    /// <summary>The packets that <see cref="TryUnprotect"/> rejected, by reason.</summary>
    public SrtpErrorCounters Errors => _errors;

    /// <inheritdoc cref="SrtpContext.IsNewest"/>
    public bool IsNewest { get; private set; }

    /// <summary>The highest index that was protected or accepted for an SSRC. -1 before its first packet.</summary>
    public long HighestIndex(uint ssrc) => _sources.HighestIndex(ssrc);

    /// <summary>Protects a compound RTCP packet in place. It is always encrypted.</summary>
    /// <param name="buffer">At least <paramref name="length"/> + <see cref="SrtpProfileParameters.MaximumRtcpOverhead"/> bytes.</param>
    /// <param name="length">The length of the plain packet, at least 8 bytes.</param>
    /// <returns>The length of the protected packet.</returns>
    public int Protect(Span<byte> buffer, int length)
    {
        if (length < ClearLength || (buffer[0] & 0xC0) != 0x80) throw new ArgumentException("Not an RTCP packet.", nameof(buffer));
        if (buffer.Length < length + SrtpProfileParameters.MaximumRtcpOverhead)
            throw new ArgumentException("The buffer has no room for index and tag.", nameof(buffer));

        uint ssrc = BinaryPrimitives.ReadUInt32BigEndian(buffer[SsrcOffset..]);
        int slot = _sources.Find(ssrc);
        if (slot < 0) slot = _sources.Add(ssrc, new ReplayList());
        ref ReplayList sent = ref _sources[slot];
        // RFC 3711, section 9.2 allows at most 2^31 packets under one key. At one packet a second, that is 68 years.
        if (sent.Highest == MaximumIndex) throw new InvalidOperationException("The SRTCP index is used up under this key.");
        long index = sent.Highest + 1;
        sent.Add(index);

        SessionCipher cipher = _encryption ??= SessionCipher.Derive(_material, isRtcp: true, isEncrypting: true);
        Span<byte> word = stackalloc byte[IndexLength];
        BinaryPrimitives.WriteUInt32BigEndian(word, EncryptedFlag | (uint)index);
        Span<byte> body = buffer[ClearLength..length];
        if (cipher.Aead is { } aead)
        {
            Span<byte> iv = stackalloc byte[AeadCipher.NonceLength];
            cipher.WriteGcmIv(ssrc, index, iv);
            aead.Seal(iv, buffer[..ClearLength], word, body, buffer.Slice(length, _tagLength));
            word.CopyTo(buffer[(length + _tagLength)..]);
        }
        else
        {
            cipher.ApplyKeystream(ssrc, index, body);
            word.CopyTo(buffer[length..]);
            cipher.Authenticate(buffer[..(length + IndexLength)], buffer.Slice(length + IndexLength, _tagLength));
        }
        return length + IndexLength + _tagLength;
    }

    /// <summary>
    /// Authenticates an SRTCP packet in place, and decrypts it if its E flag is set. After a failure, the content of the buffer is
    /// undefined.
    /// </summary>
    /// <param name="plainLength">The length of the RTCP packet, or 0 after a failure.</param>
    public bool TryUnprotect(Span<byte> buffer, int length, out int plainLength, out SrtpError error)
    {
        error = Unprotect(buffer[..length], out plainLength);
        if (error == SrtpError.None) return true;
        plainLength = 0;
        _errors.Add(error);
        return false;
    }

    public SrtpContextState ExportState() => new(_material.Profile, [.. _material.Key], [.. _material.Salt], _sources.Export());

    public static SrtcpContext Import(SrtpContextState state)
        => new(new SrtpKeyingMaterial(state.Profile, [.. state.Key], [.. state.Salt]), SourceTable.Import(state.Sources));

    public void Dispose()
    {
        _encryption?.Dispose();
        _decryption?.Dispose();
    }

    private SrtpError Unprotect(Span<byte> packet, out int plainLength)
    {
        plainLength = packet.Length - _tagLength - IndexLength;
        if (plainLength < ClearLength) return SrtpError.TooShort;
        if ((packet[0] & 0xC0) != 0x80) return SrtpError.BadHeader;

        SessionCipher cipher = _decryption ??= SessionCipher.Derive(_material, isRtcp: true, isEncrypting: false);
        Span<byte> word = packet.Slice(cipher.Aead is not null ? plainLength + _tagLength : plainLength, IndexLength);
        uint flagAndIndex = BinaryPrimitives.ReadUInt32BigEndian(word);
        bool isEncrypted = (flagAndIndex & EncryptedFlag) != 0;
        long index = flagAndIndex & ~EncryptedFlag;

        uint ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[SsrcOffset..]);
        int slot = _sources.Find(ssrc);
        if (slot < 0 && _sources.IsFull) return SrtpError.TooManySources;
        ReplayList received = slot < 0 ? new ReplayList() : _sources[slot];
        SrtpError replay = received.Check(index);
        if (replay != SrtpError.None) return replay;

        Span<byte> body = packet[ClearLength..plainLength];
        if (cipher.Aead is { } aead)
        {
            Span<byte> iv = stackalloc byte[AeadCipher.NonceLength];
            cipher.WriteGcmIv(ssrc, index, iv);
            Span<byte> tag = packet.Slice(plainLength, _tagLength);
            // Without encryption, the whole packet is associated data (RFC 7714, section 9.3).
            bool isAuthentic = isEncrypted
                ? aead.Open(iv, packet[..ClearLength], word, body, tag)
                : aead.Open(iv, packet[..plainLength], word, default, tag);
            if (!isAuthentic) return SrtpError.AuthenticationFailed;
        }
        else
        {
            Span<byte> expectedTag = stackalloc byte[_tagLength];
            cipher.Authenticate(packet[..(plainLength + IndexLength)], expectedTag);
            if (!CryptographicOperations.FixedTimeEquals(packet[(plainLength + IndexLength)..], expectedTag))
                return SrtpError.AuthenticationFailed;
            if (isEncrypted) cipher.ApplyKeystream(ssrc, index, body);
        }

        IsNewest = index > received.Highest;
        if (slot < 0) slot = _sources.Add(ssrc, received);
        _sources[slot].Add(index);
        return SrtpError.None;
    }
}
