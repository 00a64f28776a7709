namespace Dapr.Voice.Sdp;

/// <summary>What an answer to our own offer says. This is not a record, so that printing it shows no password.</summary>
public sealed class AnswerSummary
{
    public required string IceUfrag { get; init; }
    public required string IcePassword { get; init; }
    public required bool IsIceLite { get; init; }

    /// <summary>Normalized to <c>sha-256 AB:CD:…</c>. At least one.</summary>
    public required IReadOnlyList<string> Fingerprints { get; init; }

    /// <summary>True if the server sends the ClientHello (<c>setup:active</c>); false if we send it.</summary>
    public required bool SetupActive { get; init; }

    /// <summary>Attribute values with <c>candidate:</c> in front.</summary>
    public required IReadOnlyList<string> Candidates { get; init; }

    /// <summary>Null if the server rejected audio.</summary>
    public int? OpusPayloadType { get; init; }

    /// <summary>The server's SSRC, or null if the answer does not name it.</summary>
    public uint? AudioSsrc { get; init; }

    /// <summary>True if the server receives our audio.</summary>
    public bool AudioReceives { get; init; }
    public bool AudioSends { get; init; }

    /// <summary>Null if the server rejected the data channel.</summary>
    public int? SctpPort { get; init; }

    /// <summary>65536 if the answer does not say, <see cref="long.MaxValue"/> if it allows any size.</summary>
    public required long MaxMessageSize { get; init; }
}
