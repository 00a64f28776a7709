using System.Buffers.Binary;
using Dapr.Voice.Native;
using Dapr.Voice.Srtp;

namespace Dapr.Voice.Dtls;

/// <summary>
/// One DTLS 1.2 connection with SRTP keys (RFC 6347, RFC 5764). OpenSSL does the handshake and the records. An imported connection
/// continues with <see cref="DtlsRecordLayer"/>. The caller transports the datagrams. OpenSSL uses its own clock. Only one thread may use
/// it at a time.
/// </summary>
public sealed class DtlsTransport : IDisposable
{
    /// <summary>The maximum length of a datagram. The MTU of a link is 1200; clients may send larger datagrams.</summary>
    private const int MaximumDatagramBytes = 1500;

    /// <summary>A link's MTU without the headers of IPv4 and UDP.</summary>
    private const int MaximumPackedBytes = 1200 - 28;

    /// <summary>A flight has six messages. A repetition after a loss needs the same number of datagrams again.</summary>
    private const int MaximumQueuedDatagrams = 32;

    /// <summary>The maximum number of application data records that wait for the owner.</summary>
    private const int MaximumQueuedRecords = 32;
    private const int MaximumRecordBytes = 2048;

    /// <summary>
    /// The maximum number of application data records that arrive before the peer's Finished. They are kept because they are the first
    /// packets of SCTP. The number is small, so that an attacker can't fill memory.
    /// </summary>
    private const int MaximumEarlyRecords = 4;

    /// <summary>Finished, its repetitions and an alert. Nothing else arrives encrypted before the connection is established.</summary>
    private const int MaximumEncryptedHandshakeRecords = 16;

    // The length of explicit nonce and tag. ChaCha20 has no explicit nonce.
    private const int MinimumGcmFragmentBytes = 24;
    private const int MinimumChaChaFragmentBytes = 16;

    /// <summary>Numbers that are left below <see cref="WriteBound"/> for records that OpenSSL sends by itself.</summary>
    private const int ReservedRecords = 64;

    private const int RecordHeaderBytes = 13;
    private const byte ChangeCipherSpec = 20;

    private readonly DtlsRole _role;
    private readonly IReadOnlyList<CertificateFingerprint> _expected;
    private readonly DatagramQueue _outgoing = new(MaximumQueuedDatagrams, MaximumDatagramBytes);
    private readonly DatagramQueue _received = new(MaximumQueuedRecords, MaximumRecordBytes);
    private readonly DatagramQueue _early = new(MaximumEarlyRecords, MaximumDatagramBytes);
    private readonly Queue<DtlsEvent> _events = new(2);
    private readonly bool _requiresSrtp;
    private readonly byte[] _record = new byte[MaximumRecordBytes];
    private readonly SslConnection? _ssl;
    private readonly SslBio? _bio;
    private readonly DtlsRecordLayer? _records;
    private readonly DtlsTransportState? _imported;
    private bool _hasReadData;
    private bool _isOver;
    private bool _hasStarted;
    private bool _isReliable;
    private byte[] _finalFlight = [];
    private int _minimumFragmentBytes = MinimumGcmFragmentBytes;
    private int _encryptedHandshakeRecordsLeft = MaximumEncryptedHandshakeRecords;
    private readonly long[] _drops = new long[Enum.GetValues<DtlsDropReason>().Length];

    /// <param name="expectedPeer">The fingerprints of the peer's description. The certificate must have one of them.</param>
    /// <param name="requiresSrtp">False for a session with data channels only. Some peers then offer no SRTP profile, and there are no
    /// keys.</param>
    public DtlsTransport(DtlsRole role, DtlsCertificate certificate, IReadOnlyList<CertificateFingerprint> expectedPeer,
        bool requiresSrtp = true)
        : this(role, certificate.Context(role), expectedPeer, requiresSrtp)
    {
    }

    internal DtlsTransport(DtlsRole role, SslContextHandle context, IReadOnlyList<CertificateFingerprint> expectedPeer,
        bool requiresSrtp = true)
    {
        _role = role;
        _expected = expectedPeer;
        _requiresSrtp = requiresSrtp;
        _bio = new SslBio(_outgoing);
        _ssl = SslConnection.Create(context, role == DtlsRole.Server, _bio);
    }

    private DtlsTransport(DtlsTransportState state, ulong sequenceLead)
    {
        _role = state.Role;
        _expected = [];
        _imported = state;
        _records = new DtlsRecordLayer(state, sequenceLead);
        _finalFlight = [.. state.FinalFlight];
        _hasStarted = IsConnected = true;
    }

    /// <summary>True if the handshake with the expected peer is done and the connection has not ended.</summary>
    public bool IsConnected { get; private set; }

    /// <summary>
    /// The keys for sending. Null before <see cref="DtlsEventKind.Connected"/>, without an agreed profile, and on an imported connection
    /// (its SRTP contexts are imported, too).
    /// </summary>
    public SrtpKeyingMaterial? LocalKeys { get; private set; }

    /// <summary>The keys for receiving. Null whenever <see cref="LocalKeys"/> is.</summary>
    public SrtpKeyingMaterial? RemoteKeys { get; private set; }

    /// <summary>The sequence number of the next record in epoch 1.</summary>
    public ulong NextWriteSequenceNumber => _records?.NextWriteSequenceNumber ?? _bio!.NextWriteSequenceNumber;

    /// <summary>No record is sent whose sequence number is this bound or higher, because a successor begins with it.</summary>
    public ulong WriteBound { get; set; } = ulong.MaxValue;

    /// <summary>True if the connection is established and has sequence numbers left below <see cref="WriteBound"/>.</summary>
    public bool CanSend => IsConnected && !_isOver && NextWriteSequenceNumber + ReservedRecords < WriteBound;

    /// <summary>The number of datagrams and records that were dropped for this reason.</summary>
    public long Dropped(DtlsDropReason reason)
        => reason == DtlsDropReason.Unfetched ? _outgoing.Dropped + _received.Dropped + _early.Dropped : _drops[(int)reason];

    /// <summary>
    /// Whether the path repeats lost datagrams itself, as TCP does. Then the first repetition of a flight waits for a second instead of
    /// 50 ms.
    /// </summary>
    public bool IsReliable
    {
        get => _isReliable;
        set
        {
            if (value == _isReliable) return;
            _isReliable = value;
            _ssl?.SetReliable(value);
        }
    }

    /// <summary>Starts the handshake. A client sends its ClientHello. A server waits for it.</summary>
    public void Start()
    {
        if (_hasStarted || _isOver) return;
        _hasStarted = true;
        if (_role == DtlsRole.Client) ContinueHandshake();
    }

    /// <summary>
    /// Processes one datagram. Returns true if it had a record with application data that is authentic and was not seen before.
    /// </summary>
    public bool Receive(ReadOnlySpan<byte> datagram)
    {
        _hasReadData = false;
        if (_isOver) Drop(DtlsDropReason.Ended);
        else if (datagram.Length < RecordHeaderBytes || datagram[0] is < 20 or > 63) Drop(DtlsDropReason.NotDtls);
        else if (datagram.Length > MaximumDatagramBytes) Drop(DtlsDropReason.TooLong);
        else if (_records is not null) ReceiveRecords(datagram);
        else ReceiveInOpenSsl(datagram);
        return _hasReadData;
    }

    private void ReceiveInOpenSsl(ReadOnlySpan<byte> datagram)
    {
        _hasStarted = true;
        // OpenSSL gets the records one by one, because it returns authentic data but does not say from which record.
        while (!_isOver && !datagram.IsEmpty)
        {
            if (!TryReadRecord(ref datagram, out ReadOnlySpan<byte> record))
            {
                Drop(DtlsDropReason.Truncated);
                return;
            }
            ReceiveRecord(record);
        }
    }

    /// <summary>The length of the datagram that <see cref="TryTransmit"/> returns next. 0 if there is none.</summary>
    public int NextDatagramLength => _outgoing.PackedLength(PackedBytes);

    /// <summary>Returns the next datagram to send.</summary>
    /// <param name="buffer">At least 1500 bytes.</param>
    public bool TryTransmit(Span<byte> buffer, out int length) => _outgoing.TryDequeuePacked(buffer, PackedBytes, out length);

    // OpenSSL repeats a flight with one datagram for each message. A datagram may have several records (RFC 6347, section 4.1.1). Data is
    // not packed, because each record is an SCTP packet, which has its own path MTU.
    private int PackedBytes => IsConnected || _isOver ? 0 : MaximumPackedBytes;

    public bool TryTakeEvent(out DtlsEvent occurred) => _events.TryDequeue(out occurred);

    /// <summary>Returns the next record of application data.</summary>
    /// <param name="buffer">At least 2048 bytes.</param>
    public bool TryReceive(Span<byte> buffer, out int length) => _received.TryDequeue(buffer, out length);

    /// <summary>
    /// Sends one record. Returns false if the connection is not established or has no sequence number left, if the data is longer than 1436
    /// bytes (1163 bytes fit into a link's MTU), or if the queue of outgoing datagrams is full.
    /// </summary>
    public bool Send(ReadOnlySpan<byte> applicationData)
    {
        if (!CanSend || applicationData.IsEmpty || applicationData.Length > MaximumDatagramBytes - 64 || _outgoing.IsFull) return false;
        if (_records is null) return _ssl!.Write(applicationData) == SslOutcome.Done;
        int length = _records.Protect(DtlsRecordLayer.ApplicationData, applicationData, _record);
        return length > 0 && _outgoing.TryEnqueue(_record.AsSpan(0, length));
    }

    /// <summary>Sends close_notify and ends the connection. There is no event, because the caller knows.</summary>
    public void CloseNotify()
    {
        if (_isOver) return;
        if (IsConnected) SendCloseNotify();
        _isOver = true;
        IsConnected = false;
    }

    /// <summary>The time until <see cref="HandleTimeout"/> must be called. Null if no flight waits for an answer.</summary>
    public TimeSpan? NextTimeout => _isOver || _ssl is null || !_hasStarted ? null : _ssl.Timeout;

    /// <summary>Sends the last flight again if its time-out has passed. A flight that the caller has not taken yet is replaced.</summary>
    public void HandleTimeout()
    {
        if (_isOver || _ssl is null) return;
        if (!IsConnected) _outgoing.Clear();
        if (!_ssl.HandleTimeout() && !IsConnected) End(DtlsEventKind.Failed, DtlsFailure.HandshakeTimeout);
    }

    private void SendCloseNotify()
    {
        if (NextWriteSequenceNumber >= WriteBound) return;
        if (_records is null)
        {
            _ssl!.Shutdown();
            return;
        }
        // The alert has the level warning and the description close_notify (RFC 5246, section 7.2.1).
        int length = _records.Protect(DtlsRecordLayer.Alert, [1, 0], _record);
        if (length > 0) _outgoing.TryEnqueue(_record.AsSpan(0, length));
    }

    private void ReceiveRecord(ReadOnlySpan<byte> record)
    {
        if (!IsSafeForOpenSsl(record))
        {
            Drop(DtlsDropReason.Unsafe);
            return;
        }
        if (!IsConnected && record[0] == DtlsRecordLayer.ApplicationData)
        {
            _early.TryEnqueue(record);
            return;
        }
        _bio!.Offer(record);
        if (IsConnected) ReadApplicationData();
        else ContinueHandshake();
    }

    /// <summary>
    /// Checks whether OpenSSL may see a record. OpenSSL 3.0 ends a connection after an encrypted record that is too short for nonce and
    /// tag, which anybody can forge. It also stores up to a hundred records of the next epoch with 16 kB each. Such records are not passed
    /// to it.
    /// </summary>
    private bool IsSafeForOpenSsl(ReadOnlySpan<byte> record)
    {
        int epoch = BinaryPrimitives.ReadUInt16BigEndian(record[3..]);
        if (epoch == 0) return true;
        if (epoch > 1 || record.Length - RecordHeaderBytes < _minimumFragmentBytes) return false;
        return IsConnected || record[0] == DtlsRecordLayer.ApplicationData || _encryptedHandshakeRecordsLeft-- > 0;
    }

    private static bool TryReadRecord(ref ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> record)
    {
        record = default;
        if (datagram.Length < RecordHeaderBytes) return false;
        int length = RecordHeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(datagram[11..]);
        if (datagram.Length < length) return false;
        record = datagram[..length];
        datagram = datagram[length..];
        return true;
    }

    private void ContinueHandshake()
    {
        switch (_ssl!.Handshake())
        {
            case SslOutcome.Done:
                Establish();
                break;
            case SslOutcome.WantRead:
                break;
            default:
                End(DtlsEventKind.Failed, DtlsFailure.HandshakeFailed);
                break;
        }
    }

    private void Establish()
    {
        byte[] lastFlight = _bio!.TakeFinalFlight();
        if (_role == DtlsRole.Server) _finalFlight = lastFlight;
        byte[]? certificate = _ssl!.GetPeerCertificate();
        bool matches = false;
        foreach (CertificateFingerprint expected in _expected) matches |= certificate is not null && expected.Matches(certificate);
        if (!matches)
        {
            _ssl.Shutdown();
            End(DtlsEventKind.FingerprintMismatch, DtlsFailure.FingerprintMismatch);
            return;
        }
        if (_ssl.SelectedSrtpProfile is { } number)
        {
            DeriveKeys((SrtpProtectionProfile)number);
        }
        else if (_requiresSrtp)
        {
            _ssl.Shutdown();
            End(DtlsEventKind.Failed, DtlsFailure.NoSrtpProfile);
            return;
        }
        // ECDHE-RSA and ECDHE-ECDSA with ChaCha20 (RFC 7905).
        if (_ssl.CipherSuite is 0xCCA8 or 0xCCA9) _minimumFragmentBytes = MinimumChaChaFragmentBytes;
        IsConnected = true;
        _events.Enqueue(new DtlsEvent(DtlsEventKind.Connected));
        Span<byte> early = stackalloc byte[MaximumDatagramBytes];
        while (!_isOver && _early.TryDequeue(early, out int length)) ReceiveRecord(early[..length]);
    }

    // RFC 5764, section 4.2: client key, server key, client salt, server salt.
    private void DeriveKeys(SrtpProtectionProfile profile)
    {
        const int KeyBytes = 16;
        int saltBytes = profile == SrtpProtectionProfile.AeadAes128Gcm ? 12 : 14;
        byte[] material = _ssl!.ExportKeyingMaterial("EXTRACTOR-dtls_srtp"u8, 2 * (KeyBytes + saltBytes));
        var client = new SrtpKeyingMaterial(profile, material[..KeyBytes], material.AsSpan(2 * KeyBytes, saltBytes).ToArray());
        var server = new SrtpKeyingMaterial(
            profile, material.AsSpan(KeyBytes, KeyBytes).ToArray(), material.AsSpan(2 * KeyBytes + saltBytes, saltBytes).ToArray());
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
                    _hasReadData = true;
                    _finalFlight = [];
                    _received.TryEnqueue(_record.AsSpan(0, length));
                    continue;
                case SslOutcome.WantRead:
                    return;
                case SslOutcome.Closed:
                    SendCloseNotify();
                    End(DtlsEventKind.Closed);
                    return;
                default:
                    End(DtlsEventKind.Closed, DtlsFailure.FatalAlert);
                    return;
            }
        }
    }

    private void ReceiveRecords(ReadOnlySpan<byte> datagram)
    {
        while (!datagram.IsEmpty && !_isOver)
        {
            DtlsRecordError error = _records!.TryUnprotect(datagram, _record, out byte type, out int length, out int consumed);
            datagram = datagram[consumed..];
            if (error == DtlsRecordError.WrongEpoch && type == ChangeCipherSpec)
            {
                // A client that repeats its last flight has not received ours.
                if (_finalFlight.Length > 0) _outgoing.TryEnqueue(_finalFlight);
                continue;
            }
            if (error != DtlsRecordError.None)
            {
                Drop(error switch
                {
                    DtlsRecordError.WrongEpoch => DtlsDropReason.WrongEpoch,
                    DtlsRecordError.Replayed => DtlsDropReason.Replayed,
                    DtlsRecordError.NotAuthentic => DtlsDropReason.NotAuthentic,
                    _ => DtlsDropReason.Malformed,
                });
                continue;
            }
            if (type == DtlsRecordLayer.ApplicationData)
            {
                _hasReadData = true;
                _finalFlight = [];
                if (length > 0) _received.TryEnqueue(_record.AsSpan(0, length));
            }
            else if (type == DtlsRecordLayer.Alert && length == 2)
            {
                ReceiveAlert(isFatal: _record[0] == 2, isCloseNotify: _record[1] == 0);
            }
        }
    }

    // Warnings other than close_notify have no effect here (RFC 5246, section 7.2).
    private void ReceiveAlert(bool isFatal, bool isCloseNotify)
    {
        if (isCloseNotify)
        {
            SendCloseNotify();
            End(DtlsEventKind.Closed);
        }
        else if (isFatal)
        {
            End(DtlsEventKind.Closed, DtlsFailure.FatalAlert);
        }
    }

    private void Drop(DtlsDropReason reason) => _drops[(int)reason]++;

    private void End(DtlsEventKind kind, DtlsFailure failure = DtlsFailure.None)
    {
        if (_isOver) return;
        _isOver = true;
        IsConnected = false;
        _events.Enqueue(new DtlsEvent(kind, failure, failure == DtlsFailure.None || _ssl is null ? 0 : _ssl.LastErrorCode));
    }

    /// <summary>
    /// Exports the connection as plain data. It contains secrets, so encrypt it. After the export two objects know the keys, and only one
    /// of them may send.
    /// </summary>
    /// <exception cref="InvalidOperationException">The connection is not established.</exception>
    public DtlsTransportState ExportState()
    {
        if (!IsConnected) throw new InvalidOperationException("Only an established connection can be exported.");
        if (_records is not null)
        {
            return _imported! with
            {
                NextWriteSequenceNumber = NextWriteSequenceNumber,
                HighestReadSequenceNumber = _records.HighestReadSequenceNumber,
                FinalFlight = [.. _finalFlight],
            };
        }
        (byte[]? master, byte[]? client, byte[]? server, ushort suite) = _ssl!.ExportConnectionSecrets();
        return new DtlsTransportState(_role, suite, master, client, server, _bio!.NextWriteSequenceNumber, _bio.HighestReadSequenceNumber)
        {
            FinalFlight = [.. _finalFlight],
        };
    }

    /// <param name="sequenceLead">The number of records that the old owner may have sent since the export. Their sequence numbers are not
    /// used again. </param>
    public static DtlsTransport Import(DtlsTransportState state, ulong sequenceLead = 0) => new(state, sequenceLead);

    public void Dispose()
    {
        _isOver = true;
        IsConnected = false;
        _ssl?.Dispose();
        _records?.Dispose();
        _outgoing.Clear();
        _received.Clear();
        _early.Clear();
    }

    /// <summary>
    /// Passes one incoming datagram at a time to OpenSSL and puts outgoing datagrams into a queue. OpenSSL does not report record numbers,
    /// so they are read from the headers that pass through here. This object must not refer to its transport: a GCHandle keeps it alive,
    /// and the transport could then never be collected.
    /// </summary>
    private sealed class SslBio(DatagramQueue outgoing) : DatagramBio
    {
        // ChangeCipherSpec has 14 bytes, Finished 61 bytes.
        private const int MaximumFinalFlightBytes = 256;

        private readonly byte[] _incoming = new byte[MaximumDatagramBytes];
        private int _incomingLength = -1;
        private ulong _offeredSequence;
        private byte[]? _finalFlight = new byte[MaximumFinalFlightBytes];
        private int _finalFlightLength;

        public ulong NextWriteSequenceNumber { get; private set; }
        public ulong HighestReadSequenceNumber { get; private set; }

        public void Offer(ReadOnlySpan<byte> datagram)
        {
            // OpenSSL interprets a length of 0 as the end of the stream.
            if (datagram.IsEmpty || datagram.Length > _incoming.Length) return;
            datagram.CopyTo(_incoming);
            _incomingLength = datagram.Length;
            _offeredSequence = HighestInEpochOne(datagram);
        }

        /// <summary>Notes that a record of the last datagram was authentic.</summary>
        public void CommitRead() => HighestReadSequenceNumber = Math.Max(HighestReadSequenceNumber, _offeredSequence);

        /// <summary>Returns everything that was sent since the last ChangeCipherSpec, and stops the recording.</summary>
        public byte[] TakeFinalFlight()
        {
            byte[] flight = _finalFlight.AsSpan(0, _finalFlightLength).ToArray();
            _finalFlight = null;
            return flight;
        }

        protected override void OnWrite(ReadOnlySpan<byte> datagram)
        {
            if (_finalFlight is not null) Record(datagram);
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

        private void Record(ReadOnlySpan<byte> datagram)
        {
            while (TryReadRecord(ref datagram, out ReadOnlySpan<byte> record))
            {
                if (record[0] == ChangeCipherSpec) _finalFlightLength = 0;
                else if (_finalFlightLength == 0) continue;
                if (record.Length > MaximumFinalFlightBytes - _finalFlightLength) continue;
                record.CopyTo(_finalFlight.AsSpan(_finalFlightLength));
                _finalFlightLength += record.Length;
            }
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
