namespace Dapr.Voice.Hosting;

/// <summary>The settings of a service. The class has a parameterless constructor, and its defaults work on a laptop.</summary>
public interface IServiceOptions
{
    /// <summary>The configuration section that is bound to the class.</summary>
    static abstract string Section { get; }

    /// <summary>
    /// Returns one sentence for each bad setting: its name as an environment variable, and what to set it to. It never contains the value
    /// of a secret.
    /// </summary>
    IEnumerable<string> Problems();
}
