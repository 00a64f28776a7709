using System.Buffers.Binary;
using System.Security.Cryptography;
using Dapr.Voice.Native;
using Dapr.Voice.Srtp;

namespace Dapr.Voice.Dtls;

/// <summary>Why a record was dropped.</summary>
internal enum DtlsRecordError : byte { None, Malformed, WrongEpoch, Replayed, NotAuthentic }

/// <summary>
/// The record layer of an established DTLS 1.2 connection (RFC 6347, section 4.1), without a handshake. A successor uses it to continue a
/// connection that OpenSSL began in another process, because OpenSSL can't import the keys of a connection.
/// <code>
/// | type 8 | version 16 | epoch 16 | sequence number 48 | length 16 | [explicit nonce 64] | ciphertext | tag 128 |
/// </code>
/// Only one thread may use it. Protecting or opening a record does not allocate.
/// </summary>
internal sealed class DtlsRecordLayer : IDisposable
{
    public const byte Alert = 21;
    public const byte ApplicationData = 23;

    private const int HeaderBytes = 13;
    private const int TagBytes = 16;
    private const ushort Version = 0xFEFD;
    private const ushort Epoch = 1;
    private const int WindowBits = 64;

    // The highest number of 48 bits. After it, nothing may be sent under these keys.
    private const ulong LastSequenceNumber = (1UL << 48) - 1;

    private readonly AeadCipher _writeCipher;
    private readonly AeadCipher _readCipher;
    private readonly byte[] _writeIv;
    private readonly byte[] _readIv;
    private readonly int _explicitBytes;
    private ulong _highestRead;
    private ulong _window;

    public DtlsRecordLayer(DtlsTransportState state, ulong sequenceLead)
    {
        (nint algorithm, int keyBytes, int ivBytes, HashAlgorithmName hash) = state.CipherSuite switch
        {
            0xC02B or 0xC02F => (LibCrypto.EVP_aes_128_gcm(), 16, 4, HashAlgorithmName.SHA256),
            0xC02C or 0xC030 => (LibCrypto.EVP_aes_256_gcm(), 32, 4, HashAlgorithmName.SHA384),
            0xCCA8 or 0xCCA9 => (LibCrypto.EVP_chacha20_poly1305(), 32, 12, HashAlgorithmName.SHA256),
            var other => throw new ArgumentException($"Cipher suite 0x{other:X4} is not supported.", nameof(state)),
        };
        Span<byte> block = stackalloc byte[2 * (32 + 12)];
        block = block[..(2 * (keyBytes + ivBytes))];
        Tls12Prf.Expand(hash, state.MasterSecret, "key expansion"u8, [.. state.ServerRandom, .. state.ClientRandom], block);
        Span<byte> clientKey = block[..keyBytes];
        Span<byte> serverKey = block.Slice(keyBytes, keyBytes);
        byte[] clientIv = block.Slice(2 * keyBytes, ivBytes).ToArray();
        byte[] serverIv = block.Slice(2 * keyBytes + ivBytes, ivBytes).ToArray();
        bool isClient = state.Role == DtlsRole.Client;
        (_writeIv, _readIv) = isClient ? (clientIv, serverIv) : (serverIv, clientIv);
        Span<byte> writeKey = isClient ? clientKey : serverKey;
        Span<byte> readKey = isClient ? serverKey : clientKey;
        _writeCipher = new AeadCipher(algorithm, writeKey, isEncrypting: true);
        _readCipher = new AeadCipher(algorithm, readKey, isEncrypting: false);
        // AES-GCM sends a part of its nonce (RFC 5288, section 3). ChaCha20 sends nothing of it (RFC 7905, section 2).
        _explicitBytes = ivBytes == 4 ? 8 : 0;
        block.Clear();
        NextWriteSequenceNumber = state.NextWriteSequenceNumber + sequenceLead;
        _highestRead = state.HighestReadSequenceNumber;
        // All numbers up to the highest count as seen. The old owner may have accepted any of these records, and none may be accepted
        // twice.
        _window = ulong.MaxValue;
    }

    public ulong NextWriteSequenceNumber { get; private set; }
    public ulong HighestReadSequenceNumber => _highestRead;

    /// <returns>The length of the record, or 0 if the sequence numbers are used up.</returns>
    public int Protect(byte type, ReadOnlySpan<byte> plaintext, Span<byte> record)
    {
        if (NextWriteSequenceNumber > LastSequenceNumber) return 0;
        ulong sequence = NextWriteSequenceNumber++;
        int bodyBytes = _explicitBytes + plaintext.Length + TagBytes;
        WriteHeader(record, type, sequence, (ushort)bodyBytes);
        Span<byte> nonce = stackalloc byte[12];
        Span<byte> associated = stackalloc byte[HeaderBytes];
        WriteAssociatedData(associated, type, sequence, (ushort)plaintext.Length);
        Span<byte> body = record.Slice(HeaderBytes, bodyBytes);
        MakeNonce(nonce, _writeIv, record.Slice(3, 8));
        // RFC 5288, section 3 lets us choose the explicit part. OpenSSL counts from a random 64-bit start. Epoch and sequence number equal
        // one of its values with a probability of at most 2^-40, even after millions of records.
        if (_explicitBytes > 0) record.Slice(3, 8).CopyTo(body);
        Span<byte> ciphertext = body.Slice(_explicitBytes, plaintext.Length);
        Span<byte> tag = body[^TagBytes..];
        plaintext.CopyTo(ciphertext);
        _writeCipher.Seal(nonce, associated, default, ciphertext, tag);
        return HeaderBytes + bodyBytes;
    }

    /// <summary>
    /// Opens the first record of <paramref name="datagram"/>. The next record begins after <paramref name="consumed"/> bytes.
    /// </summary>
    public DtlsRecordError TryUnprotect(ReadOnlySpan<byte> datagram, Span<byte> plaintext, out byte type, out int length, out int consumed)
    {
        type = 0;
        length = 0;
        consumed = datagram.Length;
        if (datagram.Length < HeaderBytes) return DtlsRecordError.Malformed;
        type = datagram[0];
        int bodyBytes = BinaryPrimitives.ReadUInt16BigEndian(datagram[11..]);
        if (bodyBytes > datagram.Length - HeaderBytes || BinaryPrimitives.ReadUInt16BigEndian(datagram[1..]) != Version)
            return DtlsRecordError.Malformed;
        consumed = HeaderBytes + bodyBytes;
        if (BinaryPrimitives.ReadUInt16BigEndian(datagram[3..]) != Epoch) return DtlsRecordError.WrongEpoch;
        length = bodyBytes - _explicitBytes - TagBytes;
        if (length < 0 || length > plaintext.Length)
        {
            length = 0;
            return DtlsRecordError.Malformed;
        }
        ulong sequence = BinaryPrimitives.ReadUInt64BigEndian(datagram[3..]) & 0xFFFF_FFFF_FFFF;
        if (IsReplayed(sequence)) return DtlsRecordError.Replayed;
        ReadOnlySpan<byte> body = datagram.Slice(HeaderBytes, bodyBytes);
        Span<byte> nonce = stackalloc byte[12];
        MakeNonce(nonce, _readIv, _explicitBytes > 0 ? body[..8] : datagram.Slice(3, 8));
        Span<byte> associated = stackalloc byte[HeaderBytes];
        WriteAssociatedData(associated, type, sequence, (ushort)length);
        ReadOnlySpan<byte> ciphertext = body.Slice(_explicitBytes, length);
        Span<byte> tag = stackalloc byte[TagBytes];
        body[^TagBytes..].CopyTo(tag);
        ciphertext.CopyTo(plaintext);
        // The runtime's own AEADs throw on a wrong tag. An attacker must not be able to cause exceptions.
        if (!_readCipher.Open(nonce, associated, default, plaintext[..length], tag))
        {
            length = 0;
            return DtlsRecordError.NotAuthentic;
        }
        Accept(sequence);
        return DtlsRecordError.None;
    }

    private void MakeNonce(Span<byte> nonce, byte[] iv, ReadOnlySpan<byte> epochAndSequence)
    {
        if (_explicitBytes > 0)
        {
            iv.CopyTo(nonce);
            epochAndSequence.CopyTo(nonce[4..]);
            return;
        }
        // RFC 7905, section 2: the padded sequence number, XORed with the IV.
        iv.CopyTo(nonce);
        for (int i = 0; i < 8; i++) nonce[4 + i] ^= epochAndSequence[i];
    }

    private static void WriteHeader(Span<byte> record, byte type, ulong sequence, ushort length)
    {
        record[0] = type;
        BinaryPrimitives.WriteUInt16BigEndian(record[1..], Version);
        BinaryPrimitives.WriteUInt64BigEndian(record[3..], ((ulong)Epoch << 48) | sequence);
        BinaryPrimitives.WriteUInt16BigEndian(record[11..], length);
    }

    private static void WriteAssociatedData(Span<byte> associated, byte type, ulong sequence, ushort length)
    {
        BinaryPrimitives.WriteUInt64BigEndian(associated, ((ulong)Epoch << 48) | sequence);
        associated[8] = type;
        BinaryPrimitives.WriteUInt16BigEndian(associated[9..], Version);
        BinaryPrimitives.WriteUInt16BigEndian(associated[11..], length);
    }

    // RFC 6347, section 4.1.2.6: a window of 64 records. Only authentic records move it.
    private bool IsReplayed(ulong sequence)
        => sequence <= _highestRead && (_highestRead - sequence >= WindowBits || (_window >> (int)(_highestRead - sequence) & 1) != 0);

    private void Accept(ulong sequence)
    {
        if (sequence > _highestRead)
        {
            ulong ahead = sequence - _highestRead;
            _window = ahead >= WindowBits ? 1 : (_window << (int)ahead) | 1;
            _highestRead = sequence;
        }
        else
        {
            _window |= 1UL << (int)(_highestRead - sequence);
        }
    }

    public void Dispose()
    {
        _writeCipher.Dispose();
        _readCipher.Dispose();
    }
}
