using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Fitness;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Agents;

/// <summary>What a connection does with its socket, seen from a bare socket at the other end.</summary>
public sealed class RealtimeConnectionTests : IAsyncLifetime
{
    /// <summary>Long enough for the sender to be done with what it has sent before.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(10);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly byte[] _buffer = new byte[2 * RealtimeConnection.MaximumDirectBytes];
    private RealtimeConnection _connection = null!;
    private Socket _backend = null!;
    private WebSocket _upgraded = null!;

    public async Task InitializeAsync()
    {
        // Little, so that its kernel soon takes no more.
        _listener.Server.ReceiveBufferSize = 4096;
        _listener.Start();
        _connection = new RealtimeConnection(new Uri($"ws://{_listener.LocalEndpoint}/v1/realtime"), null, TimeSpan.FromSeconds(10),
            new SessionDropCounters(), static () => { });
        _connection.Start(TimeSpan.Zero, "{}"u8.ToArray(), []);
        _backend = await _listener.AcceptSocketAsync();
        _upgraded = await LoopbackBackend.UpgradeAsync(new NetworkStream(_backend), CancellationToken.None);
        Assert.True(await _backend.ReceiveAsync(_buffer) > 0, "the greeting");
    }

    public Task DisposeAsync()
    {
        _connection.Dispose();
        _upgraded.Dispose();
        _backend.Dispose();
        _listener.Dispose();
        return Task.CompletedTask;
    }

    // A message that the client got an acknowledgement for must not die with the process.
    [Fact]
    public void TrySendEvent_NothingWaits_TheKernelHasItOnReturn()
    {
        // The kernel hands over what was sent on loopback at once, unless the machine is busy: then it is there a moment later.
        int atOnce = 0;
        for (int i = 0; i < 40; i++)
        {
            Thread.Sleep(Idle);
            Assert.True(_connection.TrySendEvent("""{"type":"drill.up"}"""u8));
            if (_backend.Available > 0) atOnce++;
            Assert.True(_backend.Receive(_buffer) > 0);
        }
        Assert.InRange(atOnce, 10, 40);
    }

    // A connection that never ends would never be replaced.
    [Fact]
    public void BackendClosesAndDoesNotRead_WhileAnEventIsOnItsWay_TheConnectionEnds()
    {
        Thread.Sleep(Idle);
        // More than the kernel takes, so one of them waits in the middle.
        byte[] blank = new byte[RealtimeConnection.MaximumDirectBytes];
        blank.AsSpan().Fill((byte)' ');
        var patience = Stopwatch.StartNew();
        while (_connection.TrySendEvent(blank)) Assert.True(patience.Elapsed < TimeSpan.FromSeconds(20), "the kernel takes everything");
        // RFC 6455, section 5.5.1: a Close frame.
        _backend.Send([0x88, 0]);
        // A second, and not until the pings of the socket stay unanswered, which takes 25.
        WaitForEnd();
        Assert.NotEmpty(_connection.Unsent);
    }

    /// <summary>The kernel here has taken them all, and the one of the backend has only some.</summary>
    [Fact]
    public void BackendIsGone_EventsThatItsMachineNeverHad_AreUnsent()
    {
        const int Events = 200, EventBytes = 200, FrameBytes = EventBytes + 8;
        for (int i = 0; i < Events; i++)
            Assert.True(_connection.TrySendEvent(Encoding.UTF8.GetBytes($$"""{"n":{{i,6}}}""".PadRight(EventBytes))));
        // What its kernel has now is all that it will ever have.
        Thread.Sleep(2 * RealtimeConnection.InDoubt);
        int had = _backend.Available / FrameBytes;
        Assert.InRange(had, 1, Events - 1);
        // A reset, as of a machine that has forgotten the connection.
        _backend.LingerState = new LingerOption(true, 0);
        _backend.Close();
        WaitForEnd();
        Assert.Equal(Enumerable.Range(had, Events - had), _connection.Unsent.Select(
            unsent => int.Parse(Encoding.UTF8.GetString(unsent).AsSpan(5, 6), CultureInfo.InvariantCulture)));
    }

    /// <summary>It may have read the event, and its kernel has had no time to say so.</summary>
    [Fact]
    public void BackendIsGone_RightAfterAnEvent_TheEventCountsAsSent()
    {
        Thread.Sleep(Idle);
        Assert.True(_connection.TrySendEvent("{}"u8));
        _backend.LingerState = new LingerOption(true, 0);
        _backend.Close();
        WaitForEnd();
        Assert.Empty(_connection.Unsent);
    }

    private void WaitForEnd()
    {
        bool hasEnded = false;
        Assert.True(SpinWait.SpinUntil(() =>
        {
            while (_connection.TryTake(out BackendMessage? message))
            {
                hasEnded |= message.Kind == BackendMessageKind.Ended;
                message.Release();
            }
            return hasEnded;
        }, TimeSpan.FromSeconds(15)), "it never ended");
    }
}
