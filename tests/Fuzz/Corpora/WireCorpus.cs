using System.Text;
using Dapr.Voice.Rtp;
using Dapr.Voice.Srtp;
using Dapr.Voice.Stun;
using Dapr.Voice.Tests.Fuzz.Engine;
using Dapr.Voice.Tests.Unit.Stun;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Fuzz.Corpora;

/// <summary>
/// Datagrams of real conversations between two of our sessions, from the first check to the goodbye, and what lies inside the protected
/// ones.
/// </summary>
internal sealed class WireCorpus
{
    /// <summary>Handshakes differ in their random bytes only; media and checks are what there should be more of.</summary>
    private const int TalkMilliseconds = 6000;

    private WireCorpus(List<byte[]> all, List<byte[]> rtp, List<byte[]> rtcp)
    {
        All = new Corpus(all);
        Stun = All.Where(d => DatagramDemultiplexer.Classify(d) == DatagramKind.Stun) + new Corpus(
            [Rfc5769Vectors.SampleRequest, Rfc5769Vectors.IPv4Response, Rfc5769Vectors.IPv6Response, Rfc5769Vectors.LongTermRequest,
            StunErrorResponse(), StunWithFlight()]);
        Dtls = All.Where(d => DatagramDemultiplexer.Classify(d) == DatagramKind.Dtls);
        Srtp = All.Where(d => DatagramDemultiplexer.Classify(d) == DatagramKind.Rtp);
        Srtcp = All.Where(d => DatagramDemultiplexer.Classify(d) == DatagramKind.Rtcp);
        Rtp = new Corpus([.. rtp, RtpWithEverything(isTwoByteForm: false), RtpWithEverything(isTwoByteForm: true)]);
        Rtcp = new Corpus([.. rtcp, RtcpWithEverything()]);
    }

    public Corpus All { get; }
    public Corpus Stun { get; }
    public Corpus Dtls { get; }
    public Corpus Srtp { get; }
    public Corpus Srtcp { get; }

    /// <summary>Not protected.</summary>
    public Corpus Rtp { get; }

    /// <summary>Not protected.</summary>
    public Corpus Rtcp { get; }

    public static WireCorpus Record()
    {
        List<byte[]> all = [], rtp = [], rtcp = [];
        using var conversation = new Conversation(40);
        conversation.Tap = (_, datagram) => all.Add(datagram);
        conversation.Connect();
        // Who knows the callers' keys reads along.
        PeerSessionState caller = conversation.Caller.ExportState(conversation.Now);
        using var fromCaller = new Spy(caller.SrtpOutbound!);
        using var fromServer = new Spy(caller.SrtpInbound!);
        conversation.Tap = (toServer, datagram) =>
        {
            all.Add(datagram);
            (toServer ? fromCaller : fromServer).Read(datagram, rtp, rtcp);
        };
        conversation.IsTalking = true;
        conversation.Run(TalkMilliseconds);
        conversation.Caller.Close(conversation.Now);
        conversation.Drain();
        return new WireCorpus(all, rtp, rtcp);
    }

    private static byte[] StunErrorResponse()
    {
        byte[] buffer = new byte[256];
        var writer = new StunMessageWriter(buffer, StunClass.ErrorResponse, StunMethod.Binding, new byte[12]);
        writer.AddErrorCode(420, "Unknown Attribute"u8);
        writer.Add(StunAttributeType.UnknownAttributes, [0, 1, 0, 2]);
        writer.AddMessageIntegrity(Encoding.UTF8.GetBytes(Conversation.ServerCredentials.Password));
        writer.AddFingerprint();
        return buffer[..writer.Length];
    }

    /// <summary>A check with a DTLS flight inside, as browsers with SPED send it (0xC070).</summary>
    private static byte[] StunWithFlight()
    {
        byte[] buffer = new byte[1400];
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMethod.Binding, new byte[12]);
        writer.Add(StunAttributeType.Username, Encoding.UTF8.GetBytes(
            $"{Conversation.ServerCredentials.Ufrag}:{Conversation.CallerCredentials.Ufrag}"));
        writer.AddUInt32(StunAttributeType.Priority, 1);
        writer.AddUInt64(StunAttributeType.IceControlling, 7);
        writer.AddFlag(StunAttributeType.UseCandidate);
        writer.Add((StunAttributeType)0xC070, new byte[1000]);
        writer.Add((StunAttributeType)0xC071, new byte[4]);
        writer.AddMessageIntegrity(Encoding.UTF8.GetBytes(Conversation.ServerCredentials.Password));
        writer.AddFingerprint();
        return buffer[..writer.Length];
    }

    private static byte[] RtpWithEverything(bool isTwoByteForm)
    {
        byte[] packet = new byte[200];
        RtpPacketWriter.WriteHeader(packet, 111, true, 65_535, uint.MaxValue, Conversation.CallerSsrc);
        // Two contributing sources, an extension with several elements, four bytes of padding.
        packet[0] |= 0x20 | 2;
        packet[0] |= 0x10;
        byte[] extension = isTwoByteForm
            ? [0x10, 0x00, 0, 6, 1, 1, 0x80 | 30, 2, 3, 1, 2, 3, 14, 11, .. "audio-mid-0"u8, 0, 0, 0]
            : [0xBE, 0xDE, 0, 5, 1 << 4, 0x80 | 30, 2 << 4 | 2, 1, 2, 3, 14 << 4 | 10, .. "audio-mid-0"u8, 0, 0];
        extension.CopyTo(packet, 20);
        int header = 20 + extension.Length;
        packet[header + 63] = 4;
        return packet[..(header + 64)];
    }

    private static byte[] RtcpWithEverything()
    {
        byte[] packet = new byte[1000];
        var writer = new RtcpWriter(packet);
        var block = new ReportBlock(Conversation.ServerSsrc, 12, -3, 70_000, 15, 0x1234_5678, 65_536);
        writer.AddSenderReport(Conversation.CallerSsrc, new SenderInfo(new NtpTimestamp(0xE000_0000_8000_0000), 960, 3, 240), block,
            block with { Ssrc = 9 });
        writer.AddReceiverReport(Conversation.CallerSsrc, block);
        writer.AddCname(Conversation.CallerSsrc, "a.name@of.somebody"u8);
        writer.AddBye(Conversation.CallerSsrc);
        // Feedback that we do not know (RFC 4585): a generic NACK and a picture loss indication.
        ReadOnlySpan<byte> feedback = [0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 5, 0xFF, 0xFF, 0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2];
        feedback.CopyTo(packet.AsSpan(writer.Length));
        return packet[..(writer.Length + feedback.Length)];
    }

    /// <summary>Reads one direction.</summary>
    private sealed class Spy(SrtpContextState keys) : IDisposable
    {
        private readonly SrtpContext _srtp = new(new SrtpKeyingMaterial(keys.Profile, keys.Key, keys.Salt));
        private readonly SrtcpContext _srtcp = new(new SrtpKeyingMaterial(keys.Profile, keys.Key, keys.Salt));

        public void Read(byte[] datagram, List<byte[]> rtp, List<byte[]> rtcp)
        {
            byte[] copy = [.. datagram];
            switch (DatagramDemultiplexer.Classify(copy))
            {
                case DatagramKind.Rtp when _srtp.TryUnprotect(copy, copy.Length, out int length, out _): rtp.Add(copy[..length]); break;
                case DatagramKind.Rtcp when _srtcp.TryUnprotect(copy, copy.Length, out int length, out _): rtcp.Add(copy[..length]); break;
            }
        }

        public void Dispose()
        {
            _srtp.Dispose();
            _srtcp.Dispose();
        }
    }
}
