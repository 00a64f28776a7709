using System.Buffers.Binary;
using Dapr.Voice.Native;
using Dapr.Voice.Srtp;

namespace Dapr.Voice.Dtls;

/// <summary>
/// One DTLS 1.2 connection with SRTP keys (RFC 6347, RFC 5764). OpenSSL does the handshake and the records; an imported connection goes on
/// with <see cref="DtlsRecordLayer"/>. Datagrams in and out by the caller; OpenSSL keeps its own clock. One thread at a time.
/// </summary>
public sealed class DtlsTransport : IDisposable
{
    /// <summary>Our datagrams: link MTU 1200 with some room for a client's larger ones on the way in.</summary>
    private const int MaximumDatagramBytes = 1500;

    /// <summary>A flight has six messages; a repeat after loss as many datagrams again.</summary>
    private const int MaximumQueuedDatagrams = 32;

    /// <summary>Records of application data that nobody fetched.</summary>
    private const int MaximumQueuedRecords = 32;
    private const int MaximumRecordBytes = 2048;

    private readonly DtlsRole _role;
    private readonly IReadOnlyList<CertificateFingerprint> _expected;
    private readonly DatagramQueue _outgoing = new(MaximumQueuedDatagrams, MaximumDatagramBytes);
    private readonly DatagramQueue _received = new(MaximumQueuedRecords, MaximumRecordBytes);
    private readonly Queue<DtlsEvent> _events = new(2);
    private readonly byte[] _record = new byte[MaximumRecordBytes];
    private readonly SslConnection? _ssl;
    private readonly SslBio? _bio;
    private readonly DtlsRecordLayer? _records;
    private readonly DtlsTransportState? _imported;
    private bool _isOver;
    private bool _hasStarted;

    /// <param name="expectedPeer">The fingerprints of the peer's description; the certificate must have one of them.</param>
    public DtlsTransport(DtlsRole role, DtlsCertificate certificate, IReadOnlyList<CertificateFingerprint> expectedPeer)
    {
        _role = role;
        _expected = expectedPeer;
        _bio = new SslBio(_outgoing);
        _ssl = SslConnection.Create(certificate.Context(role), role == DtlsRole.Server, _bio);
    }

    private DtlsTransport(DtlsTransportState state, ulong sequenceLead)
    {
        _role = state.Role;
        _expected = [];
        _imported = state;
        _records = new DtlsRecordLayer(state, sequenceLead);
        _hasStarted = IsConnected = true;
    }

    /// <summary>The handshake is done with the right peer, and the connection is not over.</summary>
    public bool IsConnected { get; private set; }

    /// <summary>For what we send; null before <see cref="DtlsEventKind.Connected"/>, without an agreed profile, and on an imported connection (its SRTP contexts are imported, too).</summary>
    public SrtpKeyingMaterial? LocalKeys { get; private set; }

    /// <summary>For what we receive.</summary>
    public SrtpKeyingMaterial? RemoteKeys { get; private set; }

    /// <summary>Datagrams and records dropped because nobody fetched them.</summary>
    public long Dropped => _outgoing.Dropped + _received.Dropped;

    /// <summary>Begins the handshake: the client sends its ClientHello. A server just waits.</summary>
    public void Start()
    {
        if (_hasStarted || _isOver) return;
        _hasStarted = true;
        if (_role == DtlsRole.Client) ContinueHandshake();
    }

    /// <summary>Takes one datagram.</summary>
    public void Receive(ReadOnlySpan<byte> datagram)
    {
        if (_isOver) return;
        if (_records is not null)
        {
            ReceiveRecords(datagram);
            return;
        }
        _hasStarted = true;
        _bio!.Offer(datagram);
        if (!IsConnected && !ContinueHandshake()) return;
        ReadApplicationData();
    }

    /// <summary>The next datagram to send.</summary>
    /// <param name="buffer">At least 1500 bytes.</param>
    public bool TryTransmit(Span<byte> buffer, out int length) => _outgoing.TryDequeue(buffer, out length);

    public bool TryTakeEvent(out DtlsEvent occurred) => _events.TryDequeue(out occurred);

    /// <summary>The next record of application data.</summary>
    /// <param name="buffer">At least 2048 bytes.</param>
    public bool TryReceive(Span<byte> buffer, out int length) => _received.TryDequeue(buffer, out length);

    /// <summary>Sends one record. False: not connected, or too long for one datagram (1163 bytes).</summary>
    public bool Send(ReadOnlySpan<byte> applicationData)
    {
        if (!IsConnected || _isOver || applicationData.IsEmpty || applicationData.Length > MaximumDatagramBytes - 64) return false;
        if (_records is null) return _ssl!.Write(applicationData) == SslOutcome.Done;
        int length = _records.Protect(DtlsRecordLayer.ApplicationData, applicationData, _record);
        return _outgoing.TryEnqueue(_record.AsSpan(0, length));
    }

    /// <summary>Says goodbye; the connection is over. No event follows: the caller knows.</summary>
    public void CloseNotify()
    {
        if (_isOver) return;
        if (IsConnected)
        {
            if (_records is null)
            {
                _ssl!.Shutdown();
            }
            else
            {
                // Level warning, close_notify (RFC 5246, section 7.2.1).
                int length = _records.Protect(DtlsRecordLayer.Alert, [1, 0], _record);
                _outgoing.TryEnqueue(_record.AsSpan(0, length));
            }
        }
        _isOver = true;
        IsConnected = false;
    }

    /// <summary>Time until <see cref="HandleTimeout"/> is due; null if nothing waits for an answer.</summary>
    public TimeSpan? NextTimeout => _isOver || _ssl is null || !_hasStarted ? null : _ssl.Timeout;

    /// <summary>Sends the last flight again if its time has come.</summary>
    public void HandleTimeout()
    {
        if (_isOver || _ssl is null) return;
        if (!_ssl.HandleTimeout() && !IsConnected) End(DtlsEventKind.Failed);
    }

    /// <returns>True once the connection stands.</returns>
    private bool ContinueHandshake()
    {
        switch (_ssl!.Handshake())
        {
            case SslOutcome.Done:
                return Establish();
            case SslOutcome.WantRead:
                return false;
            default:
                End(DtlsEventKind.Failed);
                return false;
        }
    }

    private bool Establish()
    {
        byte[]? certificate = _ssl!.GetPeerCertificate();
        bool matches = false;
        foreach (var expected in _expected) matches |= certificate is not null && expected.Matches(certificate);
        if (!matches)
        {
            _ssl.Shutdown();
            End(DtlsEventKind.FingerprintMismatch);
            return false;
        }
        if (_ssl.SelectedSrtpProfile is { } number) DeriveKeys((SrtpProtectionProfile)number);
        IsConnected = true;
        _events.Enqueue(new DtlsEvent(DtlsEventKind.Connected));
        return true;
    }

    // RFC 5764, section 4.2: client key, server key, client salt, server salt.
    private void DeriveKeys(SrtpProtectionProfile profile)
    {
        const int KeyBytes = 16;
        int saltBytes = profile == SrtpProtectionProfile.AeadAes128Gcm ? 12 : 14;
        byte[] material = _ssl!.ExportKeyingMaterial("EXTRACTOR-dtls_srtp"u8, 2 * (KeyBytes + saltBytes));
        var client = new SrtpKeyingMaterial(profile, material[..KeyBytes], material.AsSpan(2 * KeyBytes, saltBytes).ToArray());
        var server = new SrtpKeyingMaterial(profile, material.AsSpan(KeyBytes, KeyBytes).ToArray(), material.AsSpan(2 * KeyBytes + saltBytes, saltBytes).ToArray());
        (LocalKeys, RemoteKeys) = _role == DtlsRole.Client ? (client, server) : (server, client);
    }

    private void ReadApplicationData()
    {
        while (true)
        {
            switch (_ssl!.Read(_record, out int length))
            {
                case SslOutcome.Done:
                    _bio!.CommitRead();
                    _received.TryEnqueue(_record.AsSpan(0, length));
                    continue;
                case SslOutcome.WantRead:
                    return;
                default:
                    End(DtlsEventKind.Closed);
                    return;
            }
        }
    }

    private void ReceiveRecords(ReadOnlySpan<byte> datagram)
    {
        while (!datagram.IsEmpty && !_isOver)
        {
            var error = _records!.TryUnprotect(datagram, _record, out byte type, out int length, out int consumed);
            datagram = datagram[consumed..];
            if (error != DtlsRecordError.None) continue;
            if (type == DtlsRecordLayer.ApplicationData) _received.TryEnqueue(_record.AsSpan(0, length));
            // Warnings other than close_notify say nothing that matters here; anything fatal ends it (RFC 5246, section 7.2).
            else if (type == DtlsRecordLayer.Alert && length == 2 && (_record[0] == 2 || _record[1] == 0)) End(DtlsEventKind.Closed);
        }
    }

    private void End(DtlsEventKind kind)
    {
        if (_isOver) return;
        _isOver = true;
        IsConnected = false;
        _events.Enqueue(new DtlsEvent(kind));
    }

    /// <summary>The connection as plain data. Secrets: seal it. Of the two that then know the keys, one only may send.</summary>
    /// <exception cref="InvalidOperationException">Not connected.</exception>
    public DtlsTransportState ExportState()
    {
        if (!IsConnected) throw new InvalidOperationException("Only an established connection can be handed on.");
        if (_records is not null)
            return _imported! with { NextWriteSequenceNumber = _records.NextWriteSequenceNumber, HighestReadSequenceNumber = _records.HighestReadSequenceNumber };
        var (master, client, server, suite) = _ssl!.ExportConnectionSecrets();
        return new DtlsTransportState(_role, suite, master, client, server, _bio!.NextWriteSequenceNumber, _bio.HighestReadSequenceNumber);
    }

    /// <param name="sequenceLead">How many records the old owner may have sent since the export: their numbers are not used again.</param>
    public static DtlsTransport Import(DtlsTransportState state, ulong sequenceLead = 0) => new(state, sequenceLead);

    public void Dispose()
    {
        _isOver = true;
        IsConnected = false;
        _ssl?.Dispose();
        _records?.Dispose();
    }

    /// <summary>
    /// One datagram at a time in, a queue out. OpenSSL tells nobody its record numbers, so they are read from the headers that pass through
    /// here. It must not know its transport, or neither could ever be collected: a GCHandle keeps it alive.
    /// </summary>
    private sealed class SslBio(DatagramQueue outgoing) : DatagramBio
    {
        private readonly byte[] _incoming = new byte[MaximumDatagramBytes];
        private int _incomingLength = -1;
        private ulong _offeredSequence;

        public ulong NextWriteSequenceNumber { get; private set; }
        public ulong HighestReadSequenceNumber { get; private set; }

        public void Offer(ReadOnlySpan<byte> datagram)
        {
            // OpenSSL reads a length of 0 as the end of the stream.
            if (datagram.IsEmpty || datagram.Length > _incoming.Length) return;
            datagram.CopyTo(_incoming);
            _incomingLength = datagram.Length;
            _offeredSequence = HighestInEpochOne(datagram);
        }

        /// <summary>A record of the last datagram was authentic.</summary>
        public void CommitRead() => HighestReadSequenceNumber = Math.Max(HighestReadSequenceNumber, _offeredSequence);

        protected override void OnWrite(ReadOnlySpan<byte> datagram)
        {
            ulong highest = HighestInEpochOne(datagram, out bool any);
            if (any) NextWriteSequenceNumber = Math.Max(NextWriteSequenceNumber, highest + 1);
            outgoing.TryEnqueue(datagram);
        }

        protected override int OnRead(Span<byte> buffer)
        {
            if (_incomingLength < 0) return -1;
            int length = Math.Min(_incomingLength, buffer.Length);
            _incoming.AsSpan(0, length).CopyTo(buffer);
            _incomingLength = -1;
            return length;
        }

        private static ulong HighestInEpochOne(ReadOnlySpan<byte> datagram) => HighestInEpochOne(datagram, out _);

        private static ulong HighestInEpochOne(ReadOnlySpan<byte> datagram, out bool any)
        {
            ulong highest = 0;
            any = false;
            while (datagram.Length >= 13)
            {
                if (BinaryPrimitives.ReadUInt16BigEndian(datagram[3..]) == 1)
                {
                    any = true;
                    highest = Math.Max(highest, BinaryPrimitives.ReadUInt64BigEndian(datagram[3..]) & 0xFFFF_FFFF_FFFF);
                }
                int length = 13 + BinaryPrimitives.ReadUInt16BigEndian(datagram[11..]);
                if (length > datagram.Length) break;
                datagram = datagram[length..];
            }
            return highest;
        }
    }
}
