"use client";

import { Cable, Database, Layers, LogOut, Menu, PackageOpen, Table2, Waves } from "lucide-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { Dialog as Primitive } from "radix-ui";
import { type ReactNode, useState } from "react";
import { Button } from "@/app/_ui/button";
import { classNames } from "@/app/_ui/class-names";
import { Logo } from "@/app/_ui/logo";
import { signOut } from "./sign-out";
import { ThemeToggle } from "./theme-toggle";

const places = [
  { href: "/tasks", label: "Tasks", icon: Waves },
  { href: "/datasets", label: "Datasets", icon: Layers },
  { href: "/tables", label: "Tables", icon: Table2 },
  { href: "/tunnels", label: "Tunnels", icon: Cable },
  { href: "/sources", label: "Sources", icon: Database },
  { href: "/destinations", label: "Destinations", icon: PackageOpen },
] as const;

type Person = { readonly email: string; readonly role: string };

/** The frame of every page: a rail at a desk, a bar with a drawer on a phone. */
export function Frame({ person, children }: { person: Person; children: ReactNode }) {
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[14.5rem_1fr]">
      <aside className="sticky top-0 hidden h-dvh flex-col border-r border-line bg-surface lg:flex">
        <Brand />
        <Places />
        <Footer person={person} />
      </aside>
      <TopBar person={person} />
      <main id="content" className="min-w-0 px-4 py-6 sm:px-8 sm:py-8">
        <div className="mx-auto max-w-6xl">{children}</div>
      </main>
    </div>
  );
}

function Brand() {
  return (
    <Link
      href="/tasks"
      className="flex items-center gap-2.5 px-5 py-5 text-[15px] font-semibold tracking-tight"
    >
      <Logo className="size-6 text-accent" />
      Culvert
    </Link>
  );
}

function Places({ onChoose }: { onChoose?: () => void }) {
  const path = usePathname();
  return (
    <nav aria-label="Main" className="flex flex-1 flex-col gap-0.5 px-3">
      {places.map(({ href, label, icon: Icon }) => {
        const here = path === href || path.startsWith(`${href}/`);
        return (
          <Link
            key={href}
            href={href}
            {...(onChoose ? { onClick: onChoose } : {})}
            aria-current={here ? "page" : undefined}
            className={classNames(
              "flex items-center gap-3 rounded-lg px-3 py-2 text-sm font-medium transition-colors",
              here
                ? "bg-accent-soft text-accent-strong"
                : "text-ink-muted hover:bg-sunken hover:text-ink",
            )}
          >
            <Icon aria-hidden className="size-4" />
            {label}
          </Link>
        );
      })}
    </nav>
  );
}

function Footer({ person }: { person: Person }) {
  return (
    <div className="flex items-center gap-1 border-t border-line px-4 py-3">
      <div className="min-w-0 flex-1">
        <p className="truncate text-[13px] font-medium" title={person.email}>
          {person.email}
        </p>
        <p className="text-xs text-ink-muted">{person.role}</p>
      </div>
      <ThemeToggle />
      <Button
        look="ghost"
        size="icon"
        aria-label="Sign out"
        title="Sign out"
        onClick={() => void signOut()}
      >
        <LogOut />
      </Button>
    </div>
  );
}

function TopBar({ person }: { person: Person }) {
  const [open, setOpen] = useState(false);
  return (
    <header className="sticky top-0 z-30 flex items-center justify-between border-b border-line bg-surface pr-2 lg:hidden">
      <Brand />
      <Primitive.Root open={open} onOpenChange={setOpen}>
        <Primitive.Trigger asChild>
          <Button look="ghost" size="icon" aria-label="Open menu">
            <Menu />
          </Button>
        </Primitive.Trigger>
        <Primitive.Portal>
          <Primitive.Overlay className="fixed inset-0 z-40 bg-black/40" />
          <Primitive.Content
            aria-describedby={undefined}
            className="fixed inset-y-0 right-0 z-50 flex w-72 max-w-[85vw] flex-col border-l border-line bg-surface pt-4"
          >
            <Primitive.Title className="px-6 pb-3 text-sm font-semibold">Menu</Primitive.Title>
            <Places onChoose={() => setOpen(false)} />
            <Footer person={person} />
          </Primitive.Content>
        </Primitive.Portal>
      </Primitive.Root>
    </header>
  );
}
