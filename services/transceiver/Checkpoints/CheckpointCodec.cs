using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.WebRtc;

namespace Dapr.Voice.Transceiver.Checkpoints;

/// <summary>
/// Writes the content of a checkpoint as text for the store, and reads it: three parts, each behind its length, in a <see
/// cref="SealedCheckpoint"/>, which opens for one session and one epoch only. Any thread.
/// <code>
/// base64( sealed( format:8 | length:32 facts as JSON | length:32 peer | length:32 downlink ) )
/// </code>
/// </summary>
internal sealed class CheckpointCodec(KeyRing keys)
{
    /// <summary>
    /// The largest content before encryption. A conversation has at most 512 KiB as kept in memory. A sidecar accepts requests of 4 MiB.
    /// </summary>
    public const int MaximumBytes = 2 * 1024 * 1024;

    private const byte Format = 1;

    /// <summary>
    /// Returns null if it does not fit. If the conversation is too large, its oldest items are left out, half of them at a time.
    /// </summary>
    /// <param name="cutItems">The number of items that were left out.</param>
    public string? TrySeal(string callId, long epoch, CheckpointContent content, out int cutItems)
    {
        byte[] peer = content.Peer.ToBytes(), downlink = content.Downlink?.ToBytes() ?? [];
        SessionFacts facts = content.Facts;
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(facts, CheckpointJson.Default.SessionFacts);
        cutItems = 0;
        while (json.Length + peer.Length + downlink.Length > MaximumBytes)
        {
            if (facts.Agent.WithoutOldestHalf() is not { } shorter) return null;
            facts = facts with { Agent = shorter };
            json = JsonSerializer.SerializeToUtf8Bytes(facts, CheckpointJson.Default.SessionFacts);
        }
        cutItems = facts.Agent.CutItems;
        byte[] plain = [Format, .. Length(json), .. json, .. Length(peer), .. peer, .. Length(downlink), .. downlink];
        byte[] whole = SealedCheckpoint.Seal(
            keys, callId, (uint)epoch, plain, RandomNumberGenerator.GetBytes(AuthenticatedSeal.NonceBytes));
        CryptographicOperations.ZeroMemory(plain);
        CryptographicOperations.ZeroMemory(peer);
        return Convert.ToBase64String(whole);
    }

    /// <summary>
    /// Returns null if the text was not sealed for this session and epoch with a key of the ring, or if this release does not know its
    /// form.
    /// </summary>
    public CheckpointContent? TryOpen(string callId, long epoch, string text)
    {
        byte[] whole = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, whole, out int length)
            || SealedCheckpoint.TryOpen(keys, callId, (uint)epoch, whole.AsSpan(0, length)) is not { } plain) return null;
        try
        {
            ReadOnlySpan<byte> left = plain;
            if (left.IsEmpty || left[0] != Format) return null;
            left = left[1..];
            SessionFacts? facts = JsonSerializer.Deserialize(Part(ref left), CheckpointJson.Default.SessionFacts);
            ReadOnlySpan<byte> peer = Part(ref left), downlink = Part(ref left);
            return facts is null || !PeerSessionState.TryRead(peer, out PeerSessionState? state, out _) ? null
                : new CheckpointContent(facts, state!, downlink.IsEmpty ? null : DownlinkState.TryRead(downlink));
        }
        catch (Exception e) when (e is JsonException or ArgumentOutOfRangeException)
        {
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private static byte[] Length(byte[] part)
    {
        byte[] length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, part.Length);
        return length;
    }

    private static ReadOnlySpan<byte> Part(ref ReadOnlySpan<byte> left)
    {
        int length = BinaryPrimitives.ReadInt32BigEndian(left);
        ReadOnlySpan<byte> part = left.Slice(sizeof(int), length);
        left = left[(sizeof(int) + length)..];
        return part;
    }
}
