using System.Text.Json;
using System.Text.Json.Serialization;
using Dapr.Voice.Dtls;
using Dapr.Voice.Ice;
using Dapr.Voice.Sctp;
using Dapr.Voice.Srtp;

namespace Dapr.Voice.WebRtc;

// The state as bytes: a version, then JSON. Releases are mixed during an update, so a field that one side does not know is skipped, and one
// that it misses has its default. A change that this does not cover needs another version.
public sealed partial record PeerSessionState
{
    /// <summary>An exact state has up to 2 MiB of queued messages, which base64 makes longer.</summary>
    public const int MaximumBytes = 4 * 1024 * 1024;

    /// <summary>The form of the bytes. A session of another version is not continued.</summary>
    public const byte Version = 1;

    /// <summary>Returns the state as bytes. They contain keys.</summary>
    public byte[] ToBytes() => [Version, .. JsonSerializer.SerializeToUtf8Bytes(this, PeerSessionJson.Default.PeerSessionState)];

    /// <summary>Reads what <see cref="ToBytes"/> wrote. It throws for no bytes at all.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out PeerSessionState? state, out PeerStateError error)
    {
        state = null;
        error = PeerStateError.BadLength;
        if (bytes.Length is 0 or > MaximumBytes) return false;
        error = PeerStateError.UnknownVersion;
        if (bytes[0] != Version) return false;
        error = PeerStateError.Malformed;
        try
        {
            state = JsonSerializer.Deserialize(bytes[1..], PeerSessionJson.Default.PeerSessionState);
        }
        catch (JsonException)
        {
            return false;
        }
        error = state is { } read && read.IsSound() ? PeerStateError.None : PeerStateError.Unsound;
        if (error != PeerStateError.None) state = null;
        return state is not null;
    }

    /// <summary>Checks what the import of a session takes for granted.</summary>
    private bool IsSound()
        => IsSoundIce() && IsSoundDtls() && IsSoundMedia()
        && (Data is null || (Sctp is null) == (Channels is null)) && (Sctp is null || IsSoundSctp(Sctp))
        && (Channels is null || IsSoundChannels(Channels));

    // The generated reader leaves null what is missing and has no setter, whatever its default is. Patterns refuse that.
    private bool IsSoundIce()
        => Enum.IsDefined(IceRole) && Ice.Role == IceRole && (IceRole == IceRole.Lite || Ice.Remote is not null)
        && new[] { Ice.Local, Ice.PreviousLocal, Ice.Remote }.All(one => one is null
            or { Ufrag.Length: > 0 and <= 256, Password.Length: > 0 and <= 256 })
        && Ice is { Paths.Count: <= IceAgent.MaximumPaths, SeenTransactions.Length: <= 1 << 16 } && Ice.Paths.All(path => path is not null);

    private bool IsSoundDtls()
        => Enum.IsDefined(Dtls.Role) && Dtls is { MasterSecret.Length: 48, ClientRandom.Length: 32, ServerRandom.Length: 32,
            FinalFlight.Length: <= 1500, CipherSuite: 0xC02B or 0xC02C or 0xC02F or 0xC030 or 0xCCA8 or 0xCCA9,
            NextWriteSequenceNumber: < 1UL << 48, HighestReadSequenceNumber: < 1UL << 48 };

    private bool IsSoundMedia()
    {
        if (Audio is null) return Sender is null;
        return Audio is { PayloadType: <= 127, Cname.Length: <= 255 } && Sender is { PayloadType: <= 127 }
            && new[] { SrtpOutbound, SrtpInbound, SrtcpOutbound, SrtcpInbound }.All(IsSoundContext);
    }

    private static bool IsSoundContext(SrtpContextState? context)
        => context is { Key: not null, Salt: not null, Sources: not null } && Enum.IsDefined(context.Profile)
        && context.Key.Length == SrtpProfileParameters.KeyLength(context.Profile)
        && context.Salt.Length == SrtpProfileParameters.SaltLength(context.Profile) && context.Sources.Length <= SrtpContext.MaximumSources
        && context.Sources.All(source => source is { HighestIndex: >= -1 and < 1L << 48 });

    private static bool IsSoundSctp(SctpAssociationState sctp)
        => Enum.IsDefined(sctp.Phase) && sctp.Streams.All(stream => stream is not null)
        && sctp.Outbound.All(chunk => chunk is not null && chunk.Payload.Length is > 0 and <= SctpOptions.MaximumChunkPayloadBytes)
        && sctp.Held.Concat(sctp.Ready).Concat(sctp.Continuation?.Collected ?? [])
            .All(chunk => chunk is not null && chunk.Payload.Length is > 0 and <= 1500)
        && (sctp.Continuation?.Skips?.Length ?? 0) <= SctpAssociation.MaximumStreams;

    private static bool IsSoundChannels(DataChannelSetState channels)
        => channels.Channels.Length <= DataChannelSet.MaximumChannels && channels.Channels.All(channel => channel is not null)
        && channels.Pending.All(pending => pending is not null);
}

[JsonSourceGenerationOptions(IgnoreReadOnlyProperties = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(PeerSessionState))]
internal sealed partial class PeerSessionJson : JsonSerializerContext;
