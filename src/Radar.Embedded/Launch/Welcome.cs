namespace Radar.Embedded.Launch;

/// <summary>Tells a person where the dashboard is and how to get in.</summary>
internal static class Welcome
{
    /// <summary>Says it; the password only at the first start.</summary>
    public static void Say(StateFolder state, bool first, Action<string> say)
    {
        if (state.ReadSystem()?.Services.FirstOrDefault(service => service.Name == "scheduler")?.Address is not { } address)
        {
            say("it is just starting: ./radar status tells more");
            return;
        }
        say($"dashboard  {address}");
        say(first
            ? $"login      operator / {state.ReadSecrets()!.OperatorPassword} (shown once; later: ./radar status --secrets)"
            : "login      operator, with the password shown at the first start (./radar status --secrets)");
    }
}
