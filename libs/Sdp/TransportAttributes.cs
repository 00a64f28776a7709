namespace Dapr.Voice.Sdp;

/// <summary>
/// The ICE and DTLS attributes of a bundle. Each is read from the section, or from the session if the section lacks it (Firefox).
/// </summary>
internal sealed class TransportAttributes
{
    public string IceUfrag { get; private init; } = "";
    public string IcePassword { get; private init; } = "";
    public IReadOnlyList<string> Fingerprints { get; private init; } = [];

    /// <summary>Null if the attribute is absent.</summary>
    public SetupRole? Setup { get; private init; }

    public static bool TryRead(SessionDescription session, MediaDescription media, out TransportAttributes transport, out SdpError error)
    {
        transport = new TransportAttributes();
        string? ufrag = media.Attributes.Find("ice-ufrag") ?? session.Attributes.Find("ice-ufrag");
        string? password = media.Attributes.Find("ice-pwd") ?? session.Attributes.Find("ice-pwd");
        if (ufrag is null || password is null)
        {
            error = new SdpError(SdpErrorReason.MissingIceCredentials, "The section has no 'ice-ufrag' or no 'ice-pwd'.");
            return false;
        }
        if (!IceCharacters.IsUfrag(ufrag) || !IceCharacters.IsPassword(password))
        {
            error = new SdpError(SdpErrorReason.InvalidIceCredentials,
                "'ice-ufrag' should have 4 to 256 and 'ice-pwd' 22 to 256 of the characters A-Z a-z 0-9 + /.");
            return false;
        }
        var fingerprints = new List<string>();
        IReadOnlyList<SdpAttribute> lines = media.Attributes.Has("fingerprint") ? media.Attributes : session.Attributes;
        foreach (string line in lines.FindAll("fingerprint"))
        {
            if (fingerprints.Count < SdpLimits.MaximumFingerprints && FingerprintAttribute.TryNormalize(line, out string normalized))
                fingerprints.Add(normalized);
        }
        if (!lines.Has("fingerprint"))
        {
            error = new SdpError(SdpErrorReason.MissingFingerprint, "There is no 'fingerprint'.");
            return false;
        }
        if (fingerprints.Count == 0)
        {
            error = new SdpError(
                SdpErrorReason.InvalidFingerprint, "There is no well-formed 'fingerprint' with sha-256, sha-384 or sha-512.");
            return false;
        }
        SetupRole? setup;
        switch (media.Attributes.Find("setup") ?? session.Attributes.Find("setup"))
        {
            case null: setup = null; break;
            case "actpass": setup = SetupRole.ActPass; break;
            case "active": setup = SetupRole.Active; break;
            case "passive": setup = SetupRole.Passive; break;
            default:
                error = new SdpError(SdpErrorReason.InvalidSetup, "'setup' should be actpass, active or passive.");
                return false;
        }
        transport = new TransportAttributes { IceUfrag = ufrag, IcePassword = password, Fingerprints = fingerprints, Setup = setup };
        error = default;
        return true;
    }
}
