using System.Buffers.Binary;
using Dapr.Voice.Sctp;
using Dapr.Voice.Tests.Fuzz.Engine;

namespace Dapr.Voice.Tests.Fuzz.Corpora;

/// <summary>
/// Makes a damaged packet pass the door: ports, tag, checksum; and often its numbers fit, so that it gets as deep as it can.
/// </summary>
internal static class SctpForge
{
    private const int HeaderBytes = 12;

    /// <summary>Ports, tag and checksum as they should be.</summary>
    public static void Complete(Span<byte> packet, uint tag)
    {
        BinaryPrimitives.WriteUInt16BigEndian(packet, 5000);
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], 5000);
        BinaryPrimitives.WriteUInt32BigEndian(packet[4..], tag);
        BinaryPrimitives.WriteUInt32LittleEndian(packet[8..], Crc32C.OfPacket(packet));
    }

    /// <summary>A packet for the association in this state.</summary>
    /// <param name="packet">At least twelve bytes of any content.</param>
    public static void Aim(Mutator mutator, Span<byte> packet, SctpAssociationState state)
    {
        Span<byte> chunks = packet[HeaderBytes..];
        while (chunks.Length >= 8)
        {
            if (!mutator.OneIn(4)) AimChunk(mutator, chunks, state);
            int length = (BinaryPrimitives.ReadUInt16BigEndian(chunks[2..]) + 3) & ~3;
            if (length < 4 || length > chunks.Length) break;
            chunks = chunks[length..];
        }
        // An INIT goes without a tag, an ABORT may reflect ours.
        bool isInit = packet.Length > HeaderBytes && (ChunkType)packet[HeaderBytes] == ChunkType.Init;
        uint tag = isInit ? 0 : mutator.OneIn(16) ? state.PeerTag : state.LocalTag;
        Complete(packet, tag);
    }

    private static void AimChunk(Mutator mutator, Span<byte> chunk, SctpAssociationState state)
    {
        Span<byte> value = chunk[4..];
        switch ((ChunkType)chunk[0])
        {
            case ChunkType.Data or ChunkType.ForwardTsn:
                BinaryPrimitives.WriteUInt32BigEndian(
                    value, state.CumulativeTsn + 1 + (uint)(mutator.OneIn(3) ? 0 : mutator.Next(mutator.OneIn(8) ? 5000 : 40)));
                break;
            case ChunkType.Sack or ChunkType.Shutdown:
                BinaryPrimitives.WriteUInt32BigEndian(value, state.OutboundHeadTsn + (uint)mutator.Next(8) - 2);
                break;
            case ChunkType.CookieEcho when state.IssuedCookie is { } issued && value.Length >= issued.Nonce.Length:
                issued.Nonce.CopyTo(value);
                break;
            case ChunkType.ReConfig when value.Length >= 8:
                BinaryPrimitives.WriteUInt32BigEndian(
                    value[4..], mutator.OneIn(2) ? state.ExpectedResetRequest : state.NextResetRequest - 1);
                break;
        }
    }
}
