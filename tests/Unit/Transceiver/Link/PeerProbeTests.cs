using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Dapr.Voice.Links;
using Dapr.Voice.Steering;
using Dapr.Voice.Tests.Unit.Steering;
using Dapr.Voice.Transceiver.Link;
using Dapr.Voice.Transceiver.Ownership;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Link;

/// <summary>A probe and a transceiver's link port over real sockets, over either transport.</summary>
public sealed class PeerProbeTests
{
    private const ulong Incarnation = 0x00AB_CDEF_0123_4567;
    private const string Expected = "00abcdef01234567", Other = "00abcdef01234568";

    private readonly PeerProbe _probe = new(SteeringKeys.LinkKey());

    [Theory]
    [InlineData("udp")]
    [InlineData("tcp")]
    public async Task Probe_TheExpectedProcess_IsAlive(string scheme)
    {
        using LinkPort port = Listen(scheme, out LinkEndpoint endpoint);
        Assert.Equal(PeerProbeOutcome.Alive, await AnswerAsync(port, _probe.ProbeAsync(endpoint, Expected, CancellationToken.None)));
        Assert.Equal(0, port.Acceptor.LinkCount);
    }

    [Theory]
    [InlineData("udp")]
    [InlineData("tcp")]
    public async Task Probe_AnotherProcess_IsToldApart(string scheme)
    {
        using LinkPort port = Listen(scheme, out LinkEndpoint endpoint);
        Assert.Equal(PeerProbeOutcome.OtherProcess, await AnswerAsync(port, _probe.ProbeAsync(endpoint, Other, CancellationToken.None)));
    }

    [Theory]
    [InlineData("udp")]
    [InlineData("tcp")]
    public async Task Probe_NobodyListens_ThePortIsClosed(string scheme)
    {
        Listen(scheme, out LinkEndpoint endpoint).Dispose();
        Assert.Equal(PeerProbeOutcome.PortClosed, await _probe.ProbeAsync(endpoint, Expected, CancellationToken.None));
    }

    [Theory]
    [InlineData("udp")]
    [InlineData("tcp")]
    public async Task Probe_AProcessThatStandsStill_IsSilent(string scheme)
    {
        // Its sockets are open, and nobody takes its turns.
        using LinkPort port = Listen(scheme, out LinkEndpoint endpoint);
        Assert.Equal(PeerProbeOutcome.Silent, await _probe.ProbeAsync(endpoint, Expected, CancellationToken.None));
    }

    [Theory]
    [InlineData("udp")]
    [InlineData("tcp")]
    public async Task Probe_OtherKey_IsSilent(string scheme)
    {
        using LinkPort port = Listen(scheme, out LinkEndpoint endpoint);
        var stranger = new PeerProbe(SteeringKeys.LinkKey(8));
        Assert.Equal(PeerProbeOutcome.Silent, await AnswerAsync(port, stranger.ProbeAsync(endpoint, Expected, CancellationToken.None)));
        Assert.True(port.Acceptor.Drops[LinkDrop.ForgedHandshake] > 0);
    }

    [Fact]
    public async Task Probe_Cancelled_IsSilent()
    {
        using LinkPort port = Listen("udp", out LinkEndpoint endpoint);
        Assert.Equal(PeerProbeOutcome.Silent, await _probe.ProbeAsync(endpoint, Expected, new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task Probe_NameThatDoesNotResolve_IsSilent()
    {
        var nowhere = new LinkEndpoint(LinkScheme.Tcp, "nowhere.invalid", 9);
        Assert.Equal(PeerProbeOutcome.Silent, await _probe.ProbeAsync(nowhere, Expected, CancellationToken.None));
    }

    [Fact]
    public async Task Probe_OneConnectionReset_IsAskedAgain()
    {
        // What a middlebox does while it learns the way to a process that lives.
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var endpoint = new LinkEndpoint(LinkScheme.Tcp, "127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port);
        Task<PeerProbeOutcome> asked = _probe.ProbeAsync(endpoint, Expected, CancellationToken.None);
        (await listener.AcceptAsync()).Close(0);
        using Socket second = await listener.AcceptAsync();
        Assert.Equal(PeerProbeOutcome.Silent, await asked);
    }

    private static LinkPort Listen(string scheme, out LinkEndpoint endpoint)
    {
        var loopback = TransportAddress.FromIPv4(0x7F000001, 0);
        LinkTransport transport = scheme == "tcp" ? TcpLinkTransport.Listen(loopback) : UdpLinkTransport.Bind(loopback);
        endpoint = new LinkEndpoint(transport.Scheme, "127.0.0.1", transport.LocalAddress.Port);
        return new LinkPort(
            transport,
            new LinkAcceptor(SteeringKeys.LinkKey(), 0, 3, Incarnation, 64, RandomNumberGenerator.Fill, MonotonicClock.Now));
    }

    /// <summary>Takes the port's turns until the probe has its outcome.</summary>
    private static async Task<PeerProbeOutcome> AnswerAsync(LinkPort port, Task<PeerProbeOutcome> asked)
    {
        var watch = Stopwatch.StartNew();
        while (!asked.IsCompleted)
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), "The probe never ended.");
            Instant now = MonotonicClock.Now;
            for (int count = port.Receive(now), i = 0; i < count; i++)
            {
                LinkAcceptor.Frames frames = port.Read(i, now);
                while (frames.TryRead(out _)) { }
            }
            port.HandleTimeout(now);
            while (port.TryTakeEvent(out _)) { }
            port.Flush(now);
            await Task.Yield();
        }
        return await asked;
    }
}
