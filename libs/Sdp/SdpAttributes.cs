namespace Dapr.Voice.Sdp;

/// <summary>Finds attributes of a section or a session. Names are case-sensitive (RFC 8866, section 5.13).</summary>
internal static class SdpAttributes
{
    public static bool Has(this IReadOnlyList<SdpAttribute> attributes, string name)
    {
        foreach (SdpAttribute attribute in attributes)
        {
            if (attribute.Name == name) return true;
        }
        return false;
    }

    /// <summary>Returns the value of the first attribute with that name, "" if it has no value, or null if there is none.</summary>
    public static string? Find(this IReadOnlyList<SdpAttribute> attributes, string name)
    {
        foreach (SdpAttribute attribute in attributes)
        {
            if (attribute.Name == name) return attribute.Value ?? "";
        }
        return null;
    }

    public static IEnumerable<string> FindAll(this IReadOnlyList<SdpAttribute> attributes, string name)
    {
        foreach (SdpAttribute attribute in attributes)
        {
            if (attribute.Name == name) yield return attribute.Value ?? "";
        }
    }
}
