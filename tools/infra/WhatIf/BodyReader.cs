using System.Globalization;
using Dapr.Voice.Infra.Bicep;

namespace Dapr.Voice.Infra.WhatIf;

/// <summary>Reads resource bodies for people. A value that is not known before the deployment counts as absent and never throws.</summary>
internal static class BodyReader
{
    public static string? Text(this BicepObject body, string path) => body.At(path) is BicepString text ? text.Value : null;

    /// <summary>Returns a whole or fractional number. It may be written as a string, as cpu is in Container Apps.</summary>
    public static double? Number(this BicepObject body, string path)
        => body.At(path) is { IsKnown: true } value && value is not (BicepObject or BicepArray)
            && double.TryParse(value.ToString().Trim('"', '\''), NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            ? number : null;

    public static bool? Flag(this BicepObject body, string path) => body.At(path) is BicepBoolean flag ? flag.Value : null;

    public static IReadOnlyList<BicepObject> Objects(this BicepObject body, string path)
        => body.At(path) is BicepArray array ? [.. array.Items.OfType<BicepObject>()] : [];

    /// <summary>Returns the gibibytes of a text such as <c>0.5Gi</c>, or null if it has another form.</summary>
    public static double? Gibibytes(this BicepObject body, string path)
        => body.Text(path) is { } text && text.EndsWith("Gi", StringComparison.Ordinal) && double.TryParse(
        text.AsSpan(0, text.Length - 2), NumberStyles.Float, CultureInfo.InvariantCulture, out double size) ? size : null;
}
