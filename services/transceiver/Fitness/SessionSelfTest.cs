using System.Security.Cryptography;
using Dapr.Voice.Dtls;
using Dapr.Voice.Ice;
using Dapr.Voice.Opus;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Udp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Fitness;

/// <summary>
/// A call from a caller to a transceiver inside this process, without a socket: checks, the DTLS handshake with the fleet's certificate,
/// and one frame of Opus over SRTP in both directions. Then the transceiver's side goes on from a checkpoint, as after a takeover. It takes
/// some milliseconds, and uses everything that a session of a real caller uses. So a process whose OpenSSL or Opus does not work finds that
/// out before a caller does, and the first takeover does not wait for the compiler.
/// </summary>
internal sealed class SessionSelfTest : IDisposable
{
    private const int PayloadType = 111;

    // Nothing is lost here, so a call is up after some tens of turns of a millisecond each.
    private const int MaximumTurns = 2_000;

    private static readonly TransportAddress CallerAddress = TransportAddress.FromIPv4(0xC000_0202, 40_000);
    private static readonly TransportAddress ServerAddress = TransportAddress.FromIPv4(0xC000_0201, 3478);

    private readonly DtlsCertificate _callerCertificate = DtlsCertificate.Generate();
    private readonly DtlsCertificate _certificate;
    private readonly PeerSession _caller;
    private PeerSession _server;
    private readonly byte[] _buffer = new byte[2048];
    private readonly byte[] _payload = new byte[OpusCodec.MaximumPacketBytes];
    private Instant _now = MonotonicClock.Now;
    private int _messages;

    private SessionSelfTest(DtlsCertificate certificate)
    {
        _certificate = certificate;
        var callers = new IceCredentials("self", "selftestselftestselftest");
        var servers = new IceCredentials("selftestselftest", "testselftestselftestself");
        _caller = new PeerSession(
            Options(callers, servers, _callerCertificate, certificate.Fingerprint) with
            {
                IceRole = IceRole.Controlling,
                DtlsRole = DtlsRole.Client,
                Data = new PeerDataOptions(OpenLabel: PeerSession.EventsLabel),
            },
            _now);
        _server = new PeerSession(Options(servers, callers, certificate, _callerCertificate.Fingerprint), _now);
        _caller.AddRemoteCandidate(Candidate.Host(ServerAddress), 0);
    }

    /// <summary>Makes the call. Any thread.</summary>
    /// <param name="certificate">The fleet's.</param>
    /// <returns>What does not work, in words for an operator. Null if everything does.</returns>
    public static string? Run(DtlsCertificate certificate, OpusCodec codec)
    {
        try
        {
            using var test = new SessionSelfTest(certificate);
            return test.Call(codec);
        }
        catch (Exception e)
        {
            // Whatever is wrong here would be wrong in the session of a caller. The message may name a missing library.
            return $"{e.GetType().Name}: {e.Message}";
        }
    }

    /// <summary>
    /// Makes the call, and returns the state of the transceiver's side in the middle of it: as a checkpoint has it, and as a live hand-over
    /// has it. Null if the call does not succeed. Any thread.
    /// </summary>
    public static (PeerSessionState Checkpoint, PeerSessionState Exact)? Export(DtlsCertificate certificate, OpusCodec codec)
    {
        using var test = new SessionSelfTest(certificate);
        if (test.Call(codec) is not null) return null;
        PeerSessionState checkpoint = test._server.ExportCheckpoint(test._now);
        test._server.CommitCheckpoint(checkpoint.Lease!);
        return (checkpoint, test._server.ExportState(test._now));
    }

    public void Dispose()
    {
        _caller.Dispose();
        _server.Dispose();
        _callerCertificate.Dispose();
    }

    private static PeerSessionOptions Options(
        IceCredentials local, IceCredentials remote, DtlsCertificate certificate, CertificateFingerprint expected) => new()
        {
            IceRole = IceRole.Lite,
            LocalCredentials = local,
            RemoteCredentials = remote,
            DtlsRole = DtlsRole.Server,
            Certificate = certificate,
            ExpectedFingerprints = [expected],
            Audio = new PeerAudioOptions((uint)RandomNumberGenerator.GetInt32(1, int.MaxValue), "self-test", PayloadType, 1, 1),
            Data = new PeerDataOptions(),
            Random = RandomNumberGenerator.Fill,
        };

    private string? Call(OpusCodec codec)
    {
        if (!RunUntil(() => _caller.IsConnected && _server.IsConnected)) return "the DTLS handshake of a test call does not complete";
        if (!RunUntil(() => _caller.IsChannelOpen && _server.IsChannelOpen)) return "the data channel of a test call does not open";
        using IOpusEncoder encoder = codec.CreateEncoder(AudioFormat.SampleRate);
        using IOpusDecoder decoder = codec.CreateDecoder(AudioFormat.SampleRate);
        if (Talk(codec, encoder, decoder) is { } problem) return problem;
        Continue();
        return Talk(codec, encoder, decoder) is { } later ? $"{later} after a takeover" : null;
    }

    private string? Talk(OpusCodec codec, IOpusEncoder encoder, IOpusDecoder decoder)
    {
        foreach ((PeerSession from, PeerSession to) in new[] { (_caller, _server), (_server, _caller) })
        {
            int length = encoder.Encode(new short[AudioFormat.FrameSamples], _payload);
            if (length <= 0) return $"Opus ({codec.Name}) does not encode a frame: {length}";
            from.SendAudio(_payload.AsSpan(0, length), AudioFormat.RtpTicksPerFrame, marker: true, _now);
            int received = 0;
            if (!RunUntil(() => to.TryReceiveAudio(_buffer, out received, out AudioFrameInfo frame, _now) && !frame.IsLost))
                return "a packet of SRTP of a test call does not arrive";
            int samples = decoder.Decode(_buffer.AsSpan(0, received), new short[AudioFormat.FrameSamples]);
            if (samples != AudioFormat.FrameSamples) return $"Opus ({codec.Name}) does not decode a frame: {samples}";
            int before = _messages;
            if (!from.SendText("{}"u8, _now) || !RunUntil(() => _messages > before))
                return "a message of a test call does not arrive";
        }
        return null;
    }

    /// <summary>The transceiver's side dies and goes on from its checkpoint.</summary>
    private void Continue()
    {
        PeerSessionState left = _server.ExportCheckpoint(_now);
        _server.CommitCheckpoint(left.Lease!);
        _server.Dispose();
        PeerSessionState.TryRead(left.ToBytes(), out PeerSessionState? read, out _);
        _server = PeerSession.Resume(read!, _certificate, TimeSpan.Zero, RandomNumberGenerator.Fill, _now);
        _server.CommitCheckpoint(_server.ExportCheckpoint(_now).Lease!);
    }

    private bool RunUntil(Func<bool> condition)
    {
        for (int turn = 0; turn < MaximumTurns; turn++)
        {
            if (condition()) return true;
            _now += TimeSpan.FromMilliseconds(1);
            if (_caller.NextTimeout <= _now) _caller.HandleTimeout(_now);
            if (_server.NextTimeout <= _now) _server.HandleTimeout(_now);
            Carry(_caller, _server, CallerAddress);
            Carry(_server, _caller, ServerAddress);
            Listen(_caller);
            Listen(_server);
        }
        return false;
    }

    private void Listen(PeerSession peer)
    {
        while (true)
        {
            if (peer.TryReceiveMessage(out _, _now)) _messages++;
            else if (!peer.TryTakeEvent(out _)) return;
        }
    }

    private void Carry(PeerSession from, PeerSession to, TransportAddress source)
    {
        while (from.TryTransmit(_buffer, out int length, out _, _now))
            to.Receive(_buffer.AsSpan(0, length), new TransportPath(0, source), _now);
    }
}
