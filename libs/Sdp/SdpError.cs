using System.Text.Json;

namespace Dapr.Voice.Sdp;

/// <summary>An error that can be shown to the caller. It names lines and attributes, but never their values.</summary>
/// <param name="Line">Counted from 1. 0 if the error does not belong to a single line.</param>
public readonly record struct SdpError(SdpErrorReason Reason, string Message, int Line = 0)
{
    /// <summary>A stable code for programs, such as <c>missing_fingerprint</c>.</summary>
    public string Code => JsonNamingPolicy.SnakeCaseLower.ConvertName(Reason.ToString());

    /// <summary>True if the description is valid but we can't serve it. The HTTP status is then 422, not 400.</summary>
    public bool IsUnsupportedMedia => Reason == SdpErrorReason.UnsupportedMedia;

    /// <summary>True if the HTTP status is 413, not 400.</summary>
    public bool IsTooLarge => Reason == SdpErrorReason.TooLarge;

    public override string ToString() => Line > 0 ? $"{Code}: {Message} (line {Line})" : $"{Code}: {Message}";
}
