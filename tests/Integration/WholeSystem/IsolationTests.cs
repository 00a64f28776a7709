using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dapr.Voice.Sdp;
using Dapr.Voice.Steering;
using Dapr.Voice.Stun;
using Dapr.Voice.Tests.Integration.DaprContract;
using Dapr.Voice.Wire;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>The relay is the only way in: answers name nothing else, and a transceiver ignores everybody else.</summary>
[Collection(WholeSystemCollection.Name)]
public sealed class IsolationTests(SharedSystem shared, ITestOutputHelper output)
{
    private const int RelayPort = 3478;
    private const int FirstLinkPort = 20_000;
    private const int LastLinkPort = 20_255;
    private readonly VoiceSystem _voice = shared.Voice;

    [Fact]
    public async Task Answer_OfACall_NamesOnlyTheRelay()
    {
        using HttpClient client = _voice.NewApiClient();
        using HttpResponseMessage answered = await client.PostAsync("/v1/realtime/calls?agent=echo", Offers.Content());
        string sdp = await answered.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.Created, answered.StatusCode);
        Assert.True(SessionDescription.TryParse(sdp, out SessionDescription? description, out SdpError error), error.ToString());
        Assert.True(OfferAnswer.TryReadAnswer(description, out AnswerSummary? summary, out error), error.ToString());
        Assert.NotEmpty(summary.Candidates);
        foreach (string candidate in summary.Candidates)
        {
            string[] words = candidate.Split(' ');
            output.WriteLine($"candidate of the answer: {candidate}");
            Assert.Equal(("127.0.0.1", RelayPort.ToString()), (words[4], words[5]));
        }
        for (int port = FirstLinkPort; port <= LastLinkPort; port++) Assert.DoesNotContain($" {port}", sdp, StringComparison.Ordinal);
        using HttpResponseMessage ended = await client.DeleteAsync(answered.Headers.Location);
    }

    [Fact]
    public void UdpSockets_OfTheWholeSystem_OnlyTheRelayIsOnAPublicAddress()
    {
        var sockets = _voice.UdpSockets().Where(s => _voice.HasOwnNetwork || s.Port is RelayPort or (>= FirstLinkPort and <= LastLinkPort))
            .ToList();
        output.WriteLine("UDP sockets: " + string.Join(", ", sockets.Select(s => $"{s.Address}:{s.Port}").Distinct()));
        Assert.Contains(sockets, s => s.Port is >= FirstLinkPort and <= LastLinkPort);
        Assert.All(sockets, s => Assert.True(IPAddress.IsLoopback(s.Address) || s.Port == RelayPort, $"{s.Address}:{s.Port}"));
    }

    [Fact]
    public async Task LinkPort_PacketsOfAStranger_GetNoAnswerAndAreCounted()
    {
        long before = await DropsAsync();
        using Socket socket = _voice.NewSocket(SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, FirstLinkPort));
        byte[][] packets = [StunCheck(), DtlsClientHello(), Rtp(), FrameWithoutCookie(StunCheck())];
        foreach (byte[] packet in packets) await socket.SendAsync(packet);

        // Packets of one socket are counted in order. Once the last one is counted, all were looked at.
        await Wait.UntilAsync(async () => await DropsAsync() >= before + packets.Length, "the transceiver counts the strangers' packets");
        output.WriteLine(
            $"packets of a stranger to a link port: {packets.Length} sent, {await DropsAsync() - before} counted, {socket.Available} bytes "
            + $"came back");
        Assert.Equal(0, socket.Available);
    }

    [Fact]
    public async Task LinkPort_FrameWithAGuessedCookie_ReachesNoSession()
    {
        JsonObject before = await _voice.InvokeAsync("transceiver-00", "internal/v1/stats");
        using Socket socket = _voice.NewSocket(SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, FirstLinkPort));
        byte[] frame = new byte[512];
        int length = LinkFrame.Write(frame, LinkFrameKind.Data, 0x1234_5678_9abc_def0,
            new SessionId(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)))),
            TransportAddress.FromIPv4(0x7f00_0001, 5000), StunCheck());
        await socket.SendAsync(frame.AsMemory(0, length));

        // A relay whose transceiver was restarted must learn that its cookie is void. So one short frame may come back, and never more
        // bytes than were sent.
        byte[] answer = new byte[2048];
        int got = await socket.ReceiveAsync(answer).WaitAsync(TimeSpan.FromSeconds(10));
        Assert.True(got <= length, $"{got} bytes for {length}");
        Assert.True(LinkFrame.TryRead(answer.AsSpan(0, got), out LinkFrame read, out _) && read.Kind == LinkFrameKind.Reset
            && read.Payload.Length <= 8);
        JsonObject after = await _voice.InvokeAsync("transceiver-00", "internal/v1/stats");
        Assert.Equal((long)before["packetsIn"]!, (long)after["packetsIn"]!);
    }

    private async Task<long> DropsAsync()
    {
        JsonObject stats = await _voice.InvokeAsync("transceiver-00", "internal/v1/stats");
        return stats["linkDropped"]!.AsObject().Sum(d => (long)d.Value!);
    }

    private static byte[] StunCheck()
    {
        Span<byte> buffer = stackalloc byte[256];
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMethod.Binding, "stranger0001"u8);
        writer.Add(StunAttributeType.Username, "abcdefghijklmnop:caller"u8);
        writer.AddFingerprint();
        return buffer[..writer.Length].ToArray();
    }

    // RFC 9147, section 4: handshake (22), DTLS 1.0 version, epoch 0, sequence number, length; then a ClientHello's header.
    private static byte[] DtlsClientHello() => [22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private static byte[] Rtp() => [0x80, 111, 0, 1, 0, 0, 0, 1, 0x11, 0x22, 0x33, 0x44, .. new byte[60]];

    private static byte[] FrameWithoutCookie(byte[] packet)
    {
        byte[] frame = new byte[512];
        return frame[..LinkFrame.Write(frame, LinkFrameKind.Data, 0,
            new SessionId(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)))),
            TransportAddress.FromIPv4(0x7f00_0001, 5000), packet)];
    }
}
