namespace Dapr.Voice.Rtp;

/// <summary>The client-to-mixer audio level header extension (RFC 6464): one byte <c>|V| level |</c>.</summary>
/// <param name="IsVoice">The sender believes that the packet holds speech.</param>
/// <param name="Level">0 (loudest) to 127 (digital silence), in -dBov.</param>
public readonly record struct AudioLevel(bool IsVoice, byte Level)
{
    public const string Uri = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

    /// <param name="element">The element's data. The two-byte form may carry more than one byte; only the first means something (section
    /// 3).</param>
    public static bool TryRead(ReadOnlySpan<byte> element, out AudioLevel level)
    {
        if (element.IsEmpty) { level = default; return false; }
        level = new AudioLevel((element[0] & 0x80) != 0, (byte)(element[0] & 0x7F));
        return true;
    }

    public byte ToByte() => (byte)((IsVoice ? 0x80 : 0) | (Level & 0x7F));
}
