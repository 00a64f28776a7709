using System.Globalization;

namespace Dapr.Voice.Ownership;

/// <summary>An owner: a shard and one process of it. Two processes of one shard are two owners.</summary>
/// <param name="Shard">0 to 99, or -1 for nobody.</param>
/// <param name="Incarnation">The random number of the process. Records hold it as text.</param>
public readonly record struct OwnerIdentity(int Shard, ulong Incarnation)
{
    public static OwnerIdentity Nobody => new(-1, 0);

    public bool IsNobody => Shard < 0;

    /// <summary>The incarnation as it stands in records: 16 hexadecimal digits.</summary>
    public string IncarnationText => Incarnation.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>
    /// The number of an incarnation in a record. A text that is not 16 hexadecimal digits has a number, too (FNV-1a), so that a record of
    /// another version names an owner that is not ours.
    /// </summary>
    public static ulong IncarnationOf(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length == 16 && ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong number))
            return number;
        number = 14_695_981_039_346_656_037;
        foreach (char c in text) number = (number ^ c) * 1_099_511_628_211;
        return number;
    }
}
