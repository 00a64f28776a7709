using System.Buffers.Binary;
using System.Text;
using Dapr.Voice.Sctp;
using Dapr.Voice.Tests.Fuzz.Engine;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Fuzz.Corpora;

/// <summary>
/// Packets of two associations that go through all there is: handshake, data in order and out of it, loss, reset, shutdown, abort.
/// </summary>
internal static class SctpCorpus
{
    public static Corpus Record()
    {
        var packets = new List<byte[]>();
        for (ulong seed = 1; seed <= 3; seed++)
        {
            var a = new SctpAssociation(new SctpOptions { RandomSeed = 10 * seed });
            var b = new SctpAssociation(new SctpOptions { RandomSeed = 10 * seed + 1 });
            var now = Instant.FromMilliseconds(1000);
            var ofA = new DataChannelSet(a, isDtlsClient: true);
            var ofB = new DataChannelSet(b, isDtlsClient: false);
            var mutator = new Mutator();
            mutator.Reseed(seed, 0);
            byte[] buffer = new byte[1500];
            double loss = 0;
            void Run(int milliseconds)
            {
                for (Instant end = now + TimeSpan.FromMilliseconds(milliseconds); now < end; now += TimeSpan.FromMilliseconds(10))
                {
                    foreach ((SctpAssociation? from, SctpAssociation? to) in new[] { (a, b), (b, a) })
                    {
                        if (from.NextTimeout <= now) from.HandleTimeout(now);
                        while (from.TryTransmit(buffer, out int length, now))
                        {
                            packets.Add(buffer[..length]);
                            if (mutator.Next(100) >= loss * 100) to.Receive(buffer.AsSpan(0, length), now);
                        }
                    }
                    foreach (DataChannelSet? set in new[] { ofA, ofB })
                    {
                        while (set.TryReceive(out _, now)) { }
                        while (set.TryTakeEvent(out _, now)) { }
                    }
                }
            }
            a.Connect(now);
            Run(100);
            DataChannel events = ofA.Open("oai-events", DataChannelReliability.Full, now, "json")!;
            DataChannel telemetry = ofB.Open("telemetry", new DataChannelReliability(false, 0), now)!;
            DataChannel timed = ofA.Open("timed", new DataChannelReliability(true, null, TimeSpan.FromMilliseconds(30)), now)!;
            Run(100);
            for (int i = 0; i < 30; i++)
            {
                loss = i < 10 ? 0 : 0.2;
                ofA.Send(events, Encoding.UTF8.GetBytes(new string('x', i * i * 4)), isText: true, now);
                ofB.Send(telemetry, new byte[1 + i * 100], isText: false, now);
                ofA.Send(timed, new byte[3000], isText: false, now);
                Run(30);
            }
            loss = 0;
            Run(1000);
            ofA.Close(events, now);
            ofB.Close(telemetry, now);
            Run(300);
            // A chunk of an unknown type that wants to be reported (RFC 9260, section 3.2), then 40 s of silence for heartbeats.
            SctpAssociationState tags = b.ExportState(now);
            byte[] unknown = new byte[20];
            new byte[] { 0x7F, 0, 0, 8, 1, 2, 3, 4 }.CopyTo(unknown, 12);
            SctpForge.Complete(unknown, tags.LocalTag);
            b.Receive(unknown, now);
            Run(40_000);
            if (seed == 1) a.Shutdown(now);
            else if (seed == 2) b.Abort();
            else b.Shutdown(now);
            Run(300);
        }
        ChunkType[] missing = Enum.GetValues<ChunkType>().Except(packets.SelectMany(ChunkTypes)).ToArray();
        if (missing.Length > 0) throw new InvalidOperationException("The corpus has no " + string.Join(", ", missing));
        return new Corpus(packets);
    }

    private static IEnumerable<ChunkType> ChunkTypes(byte[] packet)
    {
        for (int at = 12; at + 4 <= packet.Length; at += (BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(at + 2)) + 3) & ~3)
            yield return (ChunkType)packet[at];
    }
}
