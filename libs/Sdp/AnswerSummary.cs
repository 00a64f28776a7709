namespace Dapr.Voice.Sdp;

/// <summary>What an answer to our own offer says. No record, so that printing it shows no password.</summary>
public sealed class AnswerSummary
{
    public required string IceUfrag { get; init; }
    public required string IcePassword { get; init; }
    public required bool IsIceLite { get; init; }

    /// <summary>Normalised, <c>sha-256 AB:CD:…</c>; at least one by SHA-256.</summary>
    public required IReadOnlyList<string> Fingerprints { get; init; }

    /// <summary>The server sends the ClientHello (<c>setup:active</c>); otherwise we do.</summary>
    public required bool SetupActive { get; init; }

    /// <summary>Attribute values with <c>candidate:</c> in front.</summary>
    public required IReadOnlyList<string> Candidates { get; init; }

    /// <summary>Null if audio was rejected.</summary>
    public int? OpusPayloadType { get; init; }

    /// <summary>The server's SSRC if the answer names it.</summary>
    public uint? AudioSsrc { get; init; }

    /// <summary>The server takes our audio.</summary>
    public bool AudioReceives { get; init; }
    public bool AudioSends { get; init; }

    /// <summary>Null if the data channel was rejected.</summary>
    public int? SctpPort { get; init; }

    /// <summary>65536 where the answer is silent, <see cref="long.MaxValue"/> where it allows any size.</summary>
    public required long MaxMessageSize { get; init; }
}
