using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>The result of a call into OpenSSL.</summary>
public enum SslOutcome : byte
{
    Done,
    /// <summary>OpenSSL needs more datagrams.</summary>
    WantRead,
    /// <summary>The peer's close_notify has arrived.</summary>
    Closed,
    /// <summary>A fatal alert was sent or received, or the handshake can't continue.</summary>
    Failed,
}

/// <summary>
/// One <c>SSL</c> over a <see cref="DatagramBio"/>. It is not thread-safe. Its callbacks run inside its own calls. Each call first clears
/// the thread's error queue, which all connections of the thread share.
/// </summary>
public sealed unsafe class SslConnection : SafeHandle
{
    /// <summary>OpenSSL's default is a second. WebRTC clients repeat after 50 ms (docs/protocols/webrtc.md 3).</summary>
    public const uint FirstRetransmitMicroseconds = 50_000;

    /// <summary>RFC 6347, section 4.2.4.1.</summary>
    private const uint FirstRetransmitOfReliablePathMicroseconds = 1_000_000;
    private const uint LongestRetransmitMicroseconds = 4_000_000;

    /// <summary>The length of a whole datagram with IP and UDP headers. It passes every tunnel that we know.</summary>
    private const int LinkMtu = 1200;

    // This reference makes the context outlive its connections.
    private readonly SslContextHandle _context;
    private GCHandle _bio;
    private static int _liveCount;

    private SslConnection(SslContextHandle context) : base(0, ownsHandle: true) => _context = context;

    public override bool IsInvalid => handle == 0;

    /// <summary>The number of connections in this process, for tests that look for leaks.</summary>
    internal static int LiveCount => Volatile.Read(ref _liveCount);

    /// <summary>
    /// OpenSSL's code of the error behind the last <see cref="SslOutcome.Failed"/> or failed <see cref="HandleTimeout"/>. 0 if OpenSSL gave
    /// none.
    /// </summary>
    public ulong LastErrorCode { get; private set; }

    public static SslConnection Create(SslContextHandle context, bool isServer, DatagramBio bio)
    {
        LibCrypto.ERR_clear_error();
        var connection = new SslConnection(context);
        connection.SetHandle(LibSsl.SSL_new(context.Pointer));
        if (connection.IsInvalid) throw new InvalidOperationException("OpenSSL could not create a connection.");
        Interlocked.Increment(ref _liveCount);
        connection._bio = GCHandle.Alloc(bio);
        nint native = DatagramBio.Create(connection._bio);
        LibSsl.SSL_set_bio(connection.handle, native, native);
        LibSsl.SSL_ctrl(connection.handle, LibSsl.DTLS_CTRL_SET_LINK_MTU, LinkMtu, null);
        LibSsl.DTLS_set_timer_cb(connection.handle, &NextTimer);
        if (isServer) LibSsl.SSL_set_accept_state(connection.handle);
        else LibSsl.SSL_set_connect_state(connection.handle);
        return connection;
    }

    [UnmanagedCallersOnly]
    private static uint NextTimer(nint ssl, uint microseconds) => NextTimer(microseconds, FirstRetransmitMicroseconds);

    [UnmanagedCallersOnly]
    private static uint NextTimerOfReliablePath(nint ssl, uint microseconds)
        => NextTimer(microseconds, FirstRetransmitOfReliablePathMicroseconds);

    private static uint NextTimer(uint microseconds, uint first)
        => microseconds == 0 ? first : Math.Min(microseconds * 2, LongestRetransmitMicroseconds);

    /// <summary>
    /// Says whether the path itself repeats what is lost. A flight that is late there is not lost, because the peer computes, and not every
    /// peer bears a second one. Counts from the next flight on.
    /// </summary>
    public void SetReliable(bool isReliable)
    {
        if (isReliable) LibSsl.DTLS_set_timer_cb(handle, &NextTimerOfReliablePath);
        else LibSsl.DTLS_set_timer_cb(handle, &NextTimer);
        GC.KeepAlive(this);
    }

    public SslOutcome Handshake()
    {
        LibCrypto.ERR_clear_error();
        return Outcome(LibSsl.SSL_do_handshake(handle));
    }

    /// <summary>Reads the application data of one record.</summary>
    public SslOutcome Read(Span<byte> buffer, out int length)
    {
        LibCrypto.ERR_clear_error();
        fixed (byte* bytes = buffer) length = LibSsl.SSL_read(handle, bytes, buffer.Length);
        SslOutcome outcome = Outcome(length);
        length = Math.Max(length, 0);
        return outcome;
    }

    /// <summary>Sends one record.</summary>
    public SslOutcome Write(ReadOnlySpan<byte> data)
    {
        LibCrypto.ERR_clear_error();
        fixed (byte* bytes = data) return Outcome(LibSsl.SSL_write(handle, bytes, data.Length));
    }

    /// <summary>Sends close_notify.</summary>
    public void Shutdown()
    {
        LibCrypto.ERR_clear_error();
        _ = LibSsl.SSL_shutdown(handle);
        GC.KeepAlive(this);
    }

    /// <summary>
    /// The time until <see cref="HandleTimeout"/> must be called, by OpenSSL's own clock. Null if no flight waits for an answer.
    /// </summary>
    public TimeSpan? Timeout
    {
        get
        {
            TimeValue left = default;
            return LibSsl.SSL_ctrl(handle, LibSsl.DTLS_CTRL_GET_TIMEOUT, 0, &left) == 1
                ? TimeSpan.FromTicks(left.Seconds * TimeSpan.TicksPerSecond + left.Microseconds * TimeSpan.TicksPerMicrosecond)
                : null;
        }
    }

    /// <summary>Sends the last flight again.</summary>
    /// <returns>False if OpenSSL stopped after too many repetitions.</returns>
    public bool HandleTimeout()
    {
        LibCrypto.ERR_clear_error();
        bool goesOn = LibSsl.SSL_ctrl(handle, LibSsl.DTLS_CTRL_HANDLE_TIMEOUT, 0, null) >= 0;
        if (!goesOn) LastErrorCode = LibCrypto.ERR_get_error();
        return goesOn;
    }

    /// <summary>Returns the peer's certificate in DER, or null if there is none.</summary>
    public byte[]? GetPeerCertificate()
    {
        nint certificate = LibSsl.SSL_get1_peer_certificate(handle);
        if (certificate == 0) return null;
        try
        {
            int length = LibCrypto.i2d_X509(certificate, null);
            if (length <= 0) return null;
            byte[] der = new byte[length];
            fixed (byte* start = der)
            {
                byte* output = start;
                _ = LibCrypto.i2d_X509(certificate, &output);
            }
            return der;
        }
        finally
        {
            LibCrypto.X509_free(certificate);
        }
    }

    /// <summary>The number of the SRTP profile (RFC 5764, section 4.1.2), or null if none was negotiated.</summary>
    public ushort? SelectedSrtpProfile
    {
        get
        {
            nint* profile = LibSsl.SSL_get_selected_srtp_profile(handle);
            return profile is null ? null : (ushort)profile[1];
        }
    }

    /// <summary>The cipher suite as on the wire, or 0 before one was negotiated.</summary>
    public ushort CipherSuite
    {
        get
        {
            nint cipher = LibSsl.SSL_get_current_cipher(handle);
            return cipher == 0 ? (ushort)0 : LibSsl.SSL_CIPHER_get_protocol_id(cipher);
        }
    }

    /// <summary>Exports keying material (RFC 5705, without a context).</summary>
    public byte[] ExportKeyingMaterial(ReadOnlySpan<byte> label, int length)
    {
        byte[] output = new byte[length];
        LibCrypto.ERR_clear_error();
        return LibSsl.SSL_export_keying_material(handle, output, (nuint)length, label, (nuint)label.Length, 0, 0, 0) == 1
            ? output
            : throw new InvalidOperationException("OpenSSL exports no keying material before the handshake is done.");
    }

    /// <summary>Returns the values from which the record keys are derived (RFC 5246, section 6.3). They are secret.</summary>
    public (byte[] MasterSecret, byte[] ClientRandom, byte[] ServerRandom, ushort CipherSuite) ExportConnectionSecrets()
    {
        byte[] master = new byte[48], client = new byte[32], server = new byte[32];
        nint session = LibSsl.SSL_get_session(handle);
        nint cipher = LibSsl.SSL_get_current_cipher(handle);
        if (session == 0 || cipher == 0 || LibSsl.SSL_SESSION_get_master_key(session, master, 48) != 48
            || LibSsl.SSL_get_client_random(handle, client, 32) != 32 || LibSsl.SSL_get_server_random(handle, server, 32) != 32)
            throw new InvalidOperationException("There is no connection yet.");
        return (master, client, server, LibSsl.SSL_CIPHER_get_protocol_id(cipher));
    }

    private SslOutcome Outcome(int result)
    {
        if (result > 0) return SslOutcome.Done;
        switch (LibSsl.SSL_get_error(handle, result))
        {
            case LibSsl.SSL_ERROR_WANT_READ or LibSsl.SSL_ERROR_WANT_WRITE:
                return SslOutcome.WantRead;
            case LibSsl.SSL_ERROR_ZERO_RETURN:
                return SslOutcome.Closed;
            default:
                LastErrorCode = LibCrypto.ERR_get_error();
                return SslOutcome.Failed;
        }
    }

    protected override bool ReleaseHandle()
    {
        LibSsl.SSL_free(handle);
        if (_bio.IsAllocated) _bio.Free();
        Interlocked.Decrement(ref _liveCount);
        return true;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeValue
    {
        public long Seconds;
        public long Microseconds;
    }
}
