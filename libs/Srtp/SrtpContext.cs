using System.Buffers.Binary;
using System.Security.Cryptography;
using Dapr.Voice.Rtp;

namespace Dapr.Voice.Srtp;

/// <summary>
/// SRTP for one direction (RFC 3711; RFC 7714 for GCM): a context is used either to protect or to unprotect. It works in place and does not
/// allocate for a packet. Only one thread may use it at a time.
/// <code>
/// | RTP header, clear | payload, encrypted | tag: 10 bytes HMAC-SHA1 or 16 bytes GCM |
/// </code>
/// </summary>
public sealed class SrtpContext : IDisposable
{
    /// <summary>The maximum number of SSRCs of a context.</summary>
    public const int MaximumSources = SourceTable.Capacity;

    private const int RolloverCounterLength = 4;
    private const int MaximumTagLength = 16;

    // 65,536 packets of 20 ms are 22 minutes. An owner writes a checkpoint in each such time, so two would do.
    private const int RolloverAttempts = 4;

    private readonly SrtpKeyingMaterial _material;
    private readonly int _tagLength;
    private readonly SourceTable _sources;
    private SessionCipher? _encryption;
    private SessionCipher? _decryption;
    private SrtpErrorCounters _errors;

    public SrtpContext(SrtpKeyingMaterial material) : this(material, new SourceTable()) { }

    private SrtpContext(SrtpKeyingMaterial material, SourceTable sources)
    {
        material.Validate();
        _material = material;
        _tagLength = SrtpProfileParameters.TagLength(material.Profile);
        _sources = sources;
    }

    /// <summary>For test vectors that start with session keys.</summary>
    internal SrtpContext(SrtpKeyingMaterial material, SessionCipher encryption, SessionCipher decryption) : this(material)
    {
        _encryption = encryption;
        _decryption = decryption;
    }

    public SrtpProtectionProfile Profile => _material.Profile;

    /// <summary>The packets that <see cref="TryUnprotect"/> rejected, by reason.</summary>
    public SrtpErrorCounters Errors => _errors;

    /// <summary>
    /// True if the packet that <see cref="TryUnprotect"/> accepted last was newer than all earlier packets of its SSRC.
    /// </summary>
    public bool IsNewest { get; private set; }

    /// <summary>The highest index that was protected or accepted for an SSRC. -1 before its first packet.</summary>
    public long HighestIndex(uint ssrc) => _sources.HighestIndex(ssrc);

    /// <summary>Protects an RTP packet in place.</summary>
    /// <param name="buffer">At least <paramref name="length"/> + <see cref="SrtpProfileParameters.MaximumRtpOverhead"/> bytes.</param>
    /// <param name="length">The length of the plain packet.</param>
    /// <returns>The length of the protected packet.</returns>
    /// <exception cref="ArgumentException">The bytes are not an RTP packet, or the buffer has no room for the tag.</exception>
    /// <exception cref="InvalidOperationException">The sequence number was already used, or there are too many SSRCs. A repeated number
    /// would reveal the keystream.</exception>
    public int Protect(Span<byte> buffer, int length)
    {
        if (!RtpHeader.TryParse(buffer[..length], out RtpHeader header, out RtpParseError error))
            throw new ArgumentException($"Not an RTP packet: {error}.", nameof(buffer));
        if (buffer.Length < length + MaximumTagLength) throw new ArgumentException("The buffer has no room for the tag.", nameof(buffer));

        int slot = _sources.Find(header.Ssrc);
        if (slot < 0) slot = _sources.Add(header.Ssrc, new ReplayList());
        ref ReplayList sent = ref _sources[slot];
        long index = PacketIndex.Estimate(sent.Highest, header.SequenceNumber);
        if (index < 0 || sent.Check(index) != SrtpError.None)
            throw new InvalidOperationException("This packet index was already used under this key.");
        sent.Add(index);

        SessionCipher cipher = _encryption ??= SessionCipher.Derive(_material, isRtcp: false, isEncrypting: true);
        Span<byte> payload = buffer[header.Length..length];
        Span<byte> tag = buffer.Slice(length, _tagLength);
        if (cipher.Aead is { } aead)
        {
            Span<byte> iv = stackalloc byte[AeadCipher.NonceLength];
            cipher.WriteGcmIv(header.Ssrc, index, iv);
            aead.Seal(iv, buffer[..header.Length], default, payload, tag);
        }
        else
        {
            cipher.ApplyKeystream(header.Ssrc, index, payload);
            // The rollover counter is authenticated but not sent. It is written where the tag will overwrite it, which saves one call into
            // OpenSSL.
            BinaryPrimitives.WriteUInt32BigEndian(buffer[length..], PacketIndex.RolloverCounter(index));
            cipher.Authenticate(buffer[..(length + RolloverCounterLength)], tag);
        }
        return length + _tagLength;
    }

    /// <summary>Authenticates and decrypts an SRTP packet in place. After a failure, the content of the buffer is undefined.</summary>
    /// <param name="plainLength">The length of the RTP packet, or 0 after a failure.</param>
    public bool TryUnprotect(Span<byte> buffer, int length, out int plainLength, out SrtpError error)
    {
        error = Unprotect(buffer[..length], out plainLength);
        if (error == SrtpError.None) return true;
        plainLength = 0;
        _errors.Add(error);
        return false;
    }

    public SrtpContextState ExportState() => new(_material.Profile, [.. _material.Key], [.. _material.Salt], _sources.Export());

    public static SrtpContext Import(SrtpContextState state)
        => new(new SrtpKeyingMaterial(state.Profile, [.. state.Key], [.. state.Salt]), SourceTable.Import(state.Sources));

    public void Dispose()
    {
        _encryption?.Dispose();
        _decryption?.Dispose();
    }

    private SrtpError Unprotect(Span<byte> packet, out int plainLength)
    {
        plainLength = packet.Length - _tagLength;
        if (plainLength < RtpHeader.FixedLength) return SrtpError.TooShort;
        if (!RtpHeader.TryParse(packet[..plainLength], out RtpHeader header, out _)) return SrtpError.BadHeader;

        int slot = _sources.Find(header.Ssrc);
        if (slot < 0 && _sources.IsFull) return SrtpError.TooManySources;
        ReplayList received = slot < 0 ? new ReplayList() : _sources[slot];
        long index = received.IsStale ? PacketIndex.After(received.Highest, header.SequenceNumber)
            : PacketIndex.Estimate(received.Highest, header.SequenceNumber);
        if (index < 0) return SrtpError.TooOld;
        SrtpError replay = received.Check(index);
        if (replay != SrtpError.None) return replay;

        bool isCertain = received.Highest >= 0 && !received.IsStale;
        if (!(isCertain ? TryOpen(packet, header, plainLength, index) : TryOpenLater(packet, header, plainLength, ref index)))
            return SrtpError.AuthenticationFailed;

        // Only after authentication: a forged packet must neither move the rollover counter nor use an entry of the table.
        IsNewest = index > received.Highest;
        if (slot < 0) slot = _sources.Add(header.Ssrc, received);
        _sources[slot].Add(index);
        return SrtpError.None;
    }

    /// <summary>
    /// Opens the first packet of an SSRC, or the first one after a time that nobody knows. The sequence number may have wrapped before it,
    /// and nothing in the packet says how often. So a few rollover counters are tried.
    /// </summary>
    private bool TryOpenLater(Span<byte> packet, in RtpHeader header, int plainLength, ref long index)
    {
        const int LongestPacket = 2048;
        Span<byte> copy = stackalloc byte[Math.Min(packet.Length, LongestPacket)];
        packet[..copy.Length].CopyTo(copy);
        for (int attempt = 1; ; attempt++, index += 1L << 16)
        {
            if (TryOpen(packet, header, plainLength, index)) return true;
            if (attempt == RolloverAttempts || copy.Length < packet.Length) return false;
            copy.CopyTo(packet);
        }
    }

    private bool TryOpen(Span<byte> packet, in RtpHeader header, int plainLength, long index)
    {
        SessionCipher cipher = _decryption ??= SessionCipher.Derive(_material, isRtcp: false, isEncrypting: false);
        Span<byte> payload = packet[header.Length..plainLength];
        Span<byte> tag = packet[plainLength..];
        if (cipher.Aead is { } aead)
        {
            Span<byte> iv = stackalloc byte[AeadCipher.NonceLength];
            cipher.WriteGcmIv(header.Ssrc, index, iv);
            return aead.Open(iv, packet[..header.Length], default, payload, tag);
        }
        Span<byte> sentTag = stackalloc byte[_tagLength];
        Span<byte> expectedTag = stackalloc byte[_tagLength];
        tag.CopyTo(sentTag);
        BinaryPrimitives.WriteUInt32BigEndian(tag, PacketIndex.RolloverCounter(index));
        cipher.Authenticate(packet[..(plainLength + RolloverCounterLength)], expectedTag);
        if (!CryptographicOperations.FixedTimeEquals(sentTag, expectedTag)) return false;
        cipher.ApplyKeystream(header.Ssrc, index, payload);
        return true;
    }
}
