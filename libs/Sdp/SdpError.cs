using System.Text.Json;

namespace Dapr.Voice.Sdp;

/// <summary>A refusal that can be shown to the caller: it names lines and attributes, never their values.</summary>
/// <param name="Line">From 1; 0 where no single line is to blame.</param>
public readonly record struct SdpError(SdpErrorReason Reason, string Message, int Line = 0)
{
    /// <summary>Stable, for machines: <c>missing_fingerprint</c>.</summary>
    public string Code => JsonNamingPolicy.SnakeCaseLower.ConvertName(Reason.ToString());

    /// <summary>The description is sound and we can't serve it: 422 rather than 400.</summary>
    public bool IsUnsupportedMedia => Reason == SdpErrorReason.UnsupportedMedia;

    /// <summary>413 rather than 400.</summary>
    public bool IsTooLarge => Reason == SdpErrorReason.TooLarge;

    public override string ToString() => Line > 0 ? $"{Code}: {Message} (line {Line})" : $"{Code}: {Message}";
}
