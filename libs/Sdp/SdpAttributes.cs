namespace Dapr.Voice.Sdp;

/// <summary>Look-ups in the attributes of a section or a session; names are case-sensitive (RFC 8866, section 5.13).</summary>
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

    /// <summary>The value of the first attribute of that name, "" for one without value; null if there is none.</summary>
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
