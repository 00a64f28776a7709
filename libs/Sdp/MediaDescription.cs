using System.Globalization;

namespace Dapr.Voice.Sdp;

/// <summary>An <c>m=</c> section (RFC 8866, section 5.14).</summary>
public sealed class MediaDescription
{
    /// <summary>For example <c>audio</c>, <c>video</c> or <c>application</c>.</summary>
    public required string MediaType { get; init; }

    /// <summary>
    /// 0 means that the section is rejected, or bundle-only in an offer. 9 is a placeholder: the candidates have the port.
    /// </summary>
    public required int Port { get; init; }

    /// <summary>As written, for example <c>UDP/TLS/RTP/SAVPF</c>.</summary>
    public required string Protocol { get; init; }

    /// <summary>Payload types, or <c>webrtc-datachannel</c>. Never empty.</summary>
    public required IReadOnlyList<string> Formats { get; init; }

    /// <summary>The value of <c>c=</c>, or null if the section has none.</summary>
    public string? Connection { get; init; }
    public required IReadOnlyList<SdpAttribute> Attributes { get; init; }

    /// <summary>The section's mid (RFC 5888), or null if it has none.</summary>
    public string? Mid => Attributes.Find("mid");

    internal static bool TryParseLine(
        ReadOnlySpan<char> value, out string mediaType, out int port, out string protocol, out IReadOnlyList<string> formats)
    {
        (mediaType, port, protocol, formats) = ("", 0, "", []);
        string[] parts = value.ToString().Split(' ');
        if (parts.Length < 4 || Array.Exists(parts, string.IsNullOrEmpty)) return false;
        // The form "port/number of ports" is for layered streams. Only the first port matters here.
        ReadOnlySpan<char> portText = parts[1].AsSpan();
        int slash = portText.IndexOf('/');
        if (slash >= 0) portText = portText[..slash];
        if (!ushort.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number)) return false;
        (mediaType, port, protocol, formats) = (parts[0], number, parts[2], parts[3..]);
        return true;
    }
}
