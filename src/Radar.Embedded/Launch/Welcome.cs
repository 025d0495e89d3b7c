namespace Radar.Embedded.Launch;

/// <summary>Tells a person where the dashboard is and how to get in.</summary>
internal static class Welcome
{
    /// <summary>Says it; the password only once in the life of a state folder.</summary>
    public static void Say(StateFolder state, Action<string> say)
    {
        if (state.ReadSystem()?.Services.FirstOrDefault(service => service.Name == "scheduler")?.Address is not { } address
            || state.ReadSecrets() is not { } secrets)
        {
            say("it is just starting: ./radar status tells more");
            return;
        }
        say($"dashboard  {address}");
        if (secrets.WasShown)
        {
            say("login      operator, with the password shown at the first start (./radar status --secrets)");
            return;
        }
        say($"login      operator / {secrets.OperatorPassword} (shown once; later: ./radar status --secrets)");
        state.WriteSecrets(secrets with { WasShown = true });
    }
}
