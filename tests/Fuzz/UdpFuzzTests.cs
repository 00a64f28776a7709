using System.Globalization;
using Dapr.Voice.Contracts;
using Dapr.Voice.Relay;
using Dapr.Voice.Sidecar;
using Dapr.Voice.TestKit.Calls;
using Dapr.Voice.Tests.Fuzz.Corpora;
using Dapr.Voice.Tests.Fuzz.Engine;
using Dapr.Voice.Tests.Fuzz.Live;
using Dapr.Voice.Tests.Integration.Transceiver;
using Dapr.Voice.Transceiver;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Sessions;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Fuzz;

/// <summary>The same input over real sockets: a relay and a transceiver with a call in it, in this process.</summary>
[Collection(OneAtATime.Name)]
public sealed class UdpFuzzTests(ITestOutputHelper output)
{
    private const int Inputs = 60_000, PerTurn = 32;

    [Fact]
    public async Task RelayAndTransceiver_UnderMutatedDatagrams_KeepTheCallAndNeverGiveUpATurn()
    {
        var log = new ErrorLog();
        await using TestFleet fleet = await TestFleet.StartAsync(new TransceiverOptions { Workers = 1 });
        using var any = UdpBatchSocket.Bind(TransportAddress.FromIPv4(0x7F00_0001, 0));
        int port = any.LocalAddress.Port;
        any.Dispose();
        WebApplication app = Dapr.Voice.Relay.Program.Create(
            ["--urls=http://127.0.0.1:0", $"--Relay:PublicEndpoint=127.0.0.1:{port}", "--Relay:Id=relay-fuzz", "--Relay:Workers=1",
            "--Relay:MaximumFlows=1024"],
            builder =>
            {
                builder.Services.AddSingleton<ISecretStore>(new MemorySecretStore(TestFleet.Secrets));
                builder.Services.AddSingleton<IStateStore>(fleet.Store);
                builder.Services.AddSingleton<ILoggerProvider>(log);
            });
        await using (app)
        {
            await app.StartAsync();
            RelayService relay = app.Services.GetRequiredService<RelayService>();
            await Wait.UntilAsync(() => !relay.Missing().Any(), "the relay is ready");
            SessionRecord record = fleet.NewRecord(TalkingPeer.Certificate.Fingerprint);
            await fleet.SaveAsync(record);
            Assert.Equal(AdmissionOutcome.Admitted, fleet.Runtime.Admit(record));

            var address = TransportAddress.FromIPv4(0x7F00_0001, (ushort)port);
            using var caller = new UdpCaller(fleet.Keys, record, address);
            caller.RunUntil(() => caller.Peer.Session.IsChannelOpen, "the call is up");
            caller.Peer.StartTalking();
            caller.RunUntil(() => caller.Peer.HeardLoud >= 10, "the echo is heard");
            int loudBefore = caller.Peer.HeardLoud;

            Attack(caller, address, fleet.Links[0]);

            int loudAfter = caller.Peer.HeardLoud, greeted = caller.Peer.Messages.Count;
            caller.RunUntil(() => caller.Peer.HeardLoud >= loudAfter + 50, "a second of the echo is heard afterwards");
            Assert.True(caller.Peer.SendText("""{"type":"session.update","session":{"instructions":"still there?"}}"""));
            caller.RunUntil(() => caller.Peer.Messages.Skip(greeted).Any(m => m.Contains("session.updated", StringComparison.Ordinal)),
                "the agent answers afterwards");
            Assert.False(caller.Peer.Session.IsClosed);

            RelayStats stats = await relay.GetStatsAsync();
            output.WriteLine(
                string.Create(CultureInfo.InvariantCulture,
                $"{Inputs:N0} mutated datagrams over UDP, {loudAfter - loudBefore} frames of the call heard meanwhile"));
            output.WriteLine(
                "relay: " + string.Join(", ", stats.Packets.OrderByDescending(p => p.Value).Select(p => $"{p.Key} {p.Value}")));
            output.WriteLine(
                "transceiver: " + string.Join(
                ", ", Enum.GetValues<SessionDrop>().Select(d => $"{d} {fleet.Runtime.Workers.Sum(w => w.Counters.Drops[d])}")));
            Assert.Empty(log.Errors);
            Assert.Equal(0, fleet.Runtime.Workers.Sum(w => w.Counters.SessionFaults + w.Counters.LoopFaults));
            Assert.True(stats.Packets.Values.Sum() > Inputs / 4, "Most of it must have arrived.");
            Assert.InRange(stats.Flows, 1, 1024);
            Assert.Equal(1, fleet.Runtime.Directory.Living);
            await app.StopAsync();
        }
    }

    /// <summary>Half from the caller's own port, a quarter from strangers' ports, a quarter to the transceiver's private port.</summary>
    private static void Attack(UdpCaller caller, TransportAddress relay, TransportAddress link)
    {
        var recent = new Queue<byte[]>();
        caller.Tap = datagram =>
        {
            recent.Enqueue(datagram);
            if (recent.Count > 128) recent.Dequeue();
        };
        caller.RunUntil(() => recent.Count > 50, "there is something to change");
        var wire = WireCorpus.Record();
        Corpus frames = Targets.SteeringTargets.RecordLink(wire);
        UdpBatchSocket[] strangers = [
            .. Enumerable.Range(0, 4).Select(_ => UdpBatchSocket.Bind(TransportAddress.FromIPv4(0x7F00_0001, 0)))];
        var mutator = new Mutator();
        byte[] buffer = new byte[2048];
        Corpus live = wire.All;
        for (int i = 0; i < Inputs; i++)
        {
            if (i % 512 == 0) live = new Corpus([.. recent]);
            mutator.Reseed(90, i);
            int way = mutator.Next(4);
            int length = mutator.Mutate(way == 3 ? frames : mutator.OneIn(4) ? wire.All : live, buffer);
            // An empty datagram is one as well; longer ones than a link carries do not leave this host's network either.
            Span<byte> input = buffer.AsSpan(0, Math.Min(length, 1500));
            if (way < 2) caller.SendRaw(input);
            else UdpCaller.Send(strangers[i % strangers.Length], input, way == 2 ? relay : link);
            if (i % PerTurn != 0) continue;
            foreach (UdpBatchSocket stranger in strangers) stranger.Flush();
            caller.Turn();
            // What floods a socket's buffer never reaches the code that is under test.
            Thread.Sleep(1);
        }
        caller.Tap = null;
        foreach (UdpBatchSocket stranger in strangers) stranger.Dispose();
    }
}
