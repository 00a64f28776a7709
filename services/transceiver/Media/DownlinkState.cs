using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Dapr.Voice.Transceiver.Media;

/// <summary>
/// Speech that waits to be played, for a live hand-over, so that a sentence goes on. It does not change, so any thread may read it.
/// </summary>
internal sealed record DownlinkState(IReadOnlyList<DownlinkPart> Parts)
{
    /// <summary>
    /// The most that is handed over, in samples: 8 s, which is 384 KB. A longer rest of a sentence is lost, and the client is told as of an
    /// interruption.
    /// </summary>
    public const int MaximumSamples = 8 * AudioFormat.SampleRate;

    public byte[] ToBytes()
    {
        using var memory = new MemoryStream();
        using var writer = new BinaryWriter(memory, Encoding.UTF8);
        writer.Write(Parts.Count);
        foreach (DownlinkPart part in Parts)
        {
            writer.Write(part.ItemId);
            writer.Write(part.ResponseId);
            writer.Write(part.ContentIndex);
            writer.Write(part.PlayedSamples);
            writer.Write(part.IsComplete);
            writer.Write(part.Pcm.Length);
            // PCM16 is little endian, as the machines are that this runs on.
            writer.Write(MemoryMarshal.AsBytes(part.Pcm.Span));
        }
        writer.Flush();
        return memory.ToArray();
    }

    /// <summary>Returns null for bytes that <see cref="ToBytes"/> did not write.</summary>
    public static DownlinkState? TryRead(ReadOnlySpan<byte> bytes)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes.ToArray()), Encoding.UTF8);
            var parts = new DownlinkPart[Math.Clamp(reader.ReadInt32(), 0, DownlinkQueue.MaximumShortItems)];
            for (int i = 0; i < parts.Length; i++)
            {
                string itemId = reader.ReadString(), responseId = reader.ReadString();
                int contentIndex = reader.ReadInt32();
                long played = reader.ReadInt64();
                bool isComplete = reader.ReadBoolean();
                short[] pcm = new short[Math.Clamp(reader.ReadInt32(), 0, MaximumSamples)];
                reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(pcm.AsSpan()));
                parts[i] = new DownlinkPart(itemId, responseId, contentIndex, played, isComplete, pcm);
            }
            return new DownlinkState(parts);
        }
        catch (Exception e) when (e is IOException or FormatException or ArgumentException)
        {
            return null;
        }
    }
}

/// <param name="PlayedSamples">What the caller was sent of this piece before.</param>
/// <param name="IsComplete">No more audio of this piece will come.</param>
/// <param name="Pcm">24 kHz, what waits.</param>
internal sealed record DownlinkPart(
    string ItemId, string ResponseId, int ContentIndex, long PlayedSamples, bool IsComplete, ReadOnlyMemory<short> Pcm);
